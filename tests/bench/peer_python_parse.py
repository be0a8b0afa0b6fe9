"""peer_python_parse.py FILE TIMES: parses one message again and again, reads two fields; prints processor time in us for each."""
import sys
import time

import hl7

with open(sys.argv[1], encoding="latin-1", newline="") as f:
    text = f.read()
times = int(sys.argv[2])
found = 0
before = time.process_time()
for _ in range(times):
    message = hl7.parse(text)
    found += len(str(message.segment("MSH")[10])) + len(str(message.segment("SCH")[2]))
print((time.process_time() - before) / times * 1e6 if found else "nan")
