"""peer_python.py CERTIFICATE KEY CLIENT_CERTIFICATE: the receiver of python-hl7, as its documentation shows it; parses, reads two fields, answers."""
import asyncio
import ssl
import sys

from hl7.mllp import start_hl7_server


async def serve(reader, writer):
    while not writer.is_closing():
        try:
            message = await reader.readmessage()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        str(message.segment("SCH")[1]), str(message.segment("PID")[3])
        writer.writemessage(message.create_ack("AA"))
        await writer.drain()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.load_verify_locations(sys.argv[3])
    context.verify_mode = ssl.CERT_REQUIRED
    async with await start_hl7_server(serve, host="127.0.0.1", port=0, ssl=context) as server:
        print("ready", server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()

asyncio.run(main())
