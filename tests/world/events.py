"""Events as the gateway writes them: delivery reports and texts from phones, in both schemas."""
import json
import time
import uuid

TOPIC = "/subscriptions/s/resourceGroups/g/providers/microsoft.communication/communicationservices/lamna"
KINDS = {"report": "Microsoft.Communication.SMSDeliveryReportReceived", "inbound": "Microsoft.Communication.SMSReceived"}


def moment(at=None):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at or time.time())) + ".1234567Z"


def report(text, status="Delivered", details="No error.", **changes):
    """The data of a report on one of the simulated gateway's accepted texts."""
    good = status == "Delivered"
    data = {"messageId": text["message_id"], "from": text["from"].lstrip("+"), "to": text["to"], "deliveryStatus": status, "deliveryStatusDetails": details,
            "deliveryAttempts": [{"timestamp": moment(), "segmentsSucceeded": int(good), "segmentsFailed": int(not good)}],
            "receivedTimestamp": moment(), "tag": text["tag"]}
    data.update(changes)
    return {k: v for k, v in data.items() if v is not None}


def inbound(sender, to, words, **changes):
    return {"messageId": f"Incoming_{uuid.uuid4()}", "from": sender.lstrip("+"), "to": to.lstrip("+"), "message": words, "receivedTimestamp": moment(),
            "segmentCount": 1, **changes}


def pascal(data):
    return {k[0].upper() + k[1:]: pascal(v) if isinstance(v, dict) else v for k, v in data.items()}


def grid(kind, data):
    """Event Grid's own schema: an array of one."""
    return [{"id": data.get("messageId", "x"), "topic": TOPIC, "subject": "/phonenumber/" + data.get("from", ""), "data": data,
             "eventType": KINDS.get(kind, kind), "dataVersion": "1.0", "metadataVersion": "1", "eventTime": moment()}]


def cloud(kind, data):
    return {"id": data.get("messageId", "x"), "source": TOPIC, "subject": "/phonenumber/" + data.get("from", ""), "data": data,
            "type": KINDS.get(kind, kind), "time": moment(), "specversion": "1.0"}


def text(value):
    return json.dumps(value)
