# Anything at all as input, in requests that are signed correctly: every answer is one that botocore's own parsers
# read, and never one that says that the server failed. Needs OPERATIONS ({service: [operation]}), SEED and ROUNDS.
import http.client
import random
from urllib.parse import quote, quote_plus, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.parsers
import botocore.session

ODD_TEXTS = [
    "", " ", "\0", "\x01\x1f\x7f", "\u00fc\u2713\U0001f600", "\ufffe\uffff", "a" * 300, "%00%zz", "../..", "a/b?c#d", "<&>'\"]]>",
    "${aws:username}", "*", "arn:aws:kms:us-west-2:123456789012:key/x", "arn:::::", "eks-workshop", "default",
    "alias/x", "i-0", "lt-0123456789abcdef0", "$Latest", "true", "123", "-1", "NaN", "1e999", "2026-11-22T10:00:00Z", "{", "[" * 500,
    '{"Version":"2012-10-17","Statement":[]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}',
    '{"Statement":[{"Effect":1,"Principal":{"AWS":[[]]},"Action":null,"Condition":{"Null":{"a":{"b":{}}}}}]}',
]
ODD_NUMBERS = [0, 1, 2, -1, 7, 450, 2**31 - 1, 2**31, -(2**31), 2**63 - 1, 2**63, 2**64, 1.5, -0.0, 1e300, 1e15]
ODD_VALUES = [None, True, False, [], {}, [[]], [None], {"": ""}, [{}], {"a": {"b": [1, "x", None]}}]

luck = random.Random(SEED)
session = botocore.session.get_session()
credentials = session.get_credentials()
region = os.environ["AWS_REGION"]
place = urlsplit(os.environ["AWS_ENDPOINT_URL"])
connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)


def odd():
    return luck.choice([lambda: luck.choice(ODD_TEXTS), lambda: luck.choice(ODD_NUMBERS), lambda: luck.choice(ODD_VALUES)])()


def value(shape, depth=0):
    """What the model says, more or less."""
    if depth > 6 or luck.random() < 0.05:
        return odd()
    kind = shape.type_name
    if kind == "structure":
        chosen = [name for name in shape.members if name in shape.required_members or luck.random() < 2 / (len(shape.members) + 1)]
        built = {wire_name(shape.members[name], name): member(name, shape.members[name], depth + 1) for name in chosen}
        if luck.random() < 0.03:
            built[luck.choice(ODD_TEXTS)] = odd()
        return built
    if kind == "list":
        return [value(shape.member, depth + 1) for _ in range(luck.choice([0, 1, 1, 2, 3]))]
    if kind == "map":
        return {luck.choice(ODD_TEXTS): value(shape.value, depth + 1) for _ in range(luck.choice([0, 1, 2]))}
    if kind == "boolean":
        return luck.random() < 0.5
    if kind in ("integer", "long", "float", "double", "timestamp"):
        return luck.choice(ODD_NUMBERS)
    if getattr(shape, "enum", None) and luck.random() < 0.7:
        return luck.choice(shape.enum)
    return luck.choice(KNOWN) if KNOWN and luck.random() < 0.5 else luck.choice(ODD_TEXTS)


def member(name, shape, depth):
    known = {"clusterName": "eks-workshop", "name": "eks-workshop", "nodegroupName": "default"}.get(name)
    return known if known and luck.random() < 0.7 else value(shape, depth)


def wire_name(shape, name):
    return shape.serialization.get("queryName") or shape.serialization.get("name") or name


def flat(prefix, given, ec2):
    if isinstance(given, dict) and given:
        for name, member in given.items():
            name = name[:1].upper() + name[1:] if ec2 else name
            yield from flat(f"{prefix}.{name}" if prefix else name, member, ec2)
    elif isinstance(given, list) and given:
        for number, item in enumerate(given, 1):
            yield from flat(f"{prefix}.{number}" if ec2 else f"{prefix}.member.{number}", item, ec2)
    elif isinstance(given, bool):
        yield prefix, str(given).lower()
    else:
        yield prefix, "" if given is None or given in ([], {}) else str(given)


def damaged(body):
    fate = luck.random()
    if fate < 0.85:
        return body
    if fate < 0.9:
        return body[: luck.randrange(len(body) + 1)]
    if fate < 0.95:
        at = luck.randrange(len(body) + 1)
        return body[:at] + bytes([luck.randrange(256)]) + body[at:]
    return bytes(luck.randrange(256) for _ in range(luck.randrange(60)))


def request(model, operation):
    """Method, path with query, headers and body."""
    shape = operation.input_shape
    given = value(shape) if shape else {}
    given = given if isinstance(given, dict) else {}
    if model.protocol == "rest-json":
        path, query = operation.http["requestUri"], []
        for name, member in (shape.members if shape else {}).items():
            key = wire_name(member, name)
            where = member.serialization.get("location")
            if where == "uri":
                path = path.replace("{" + key + "}", quote(str(given.pop(key, "x")), safe="") or "x")
            elif where == "querystring" and key in given:
                values = given.pop(key)
                query += [(key, text) for text in (values if isinstance(values, list) else [values])]
        query = "&".join(f"{quote(str(key), safe='')}={quote(str(text), safe='')}" for key, text in query)
        body = b"" if operation.http["method"] in ("GET", "DELETE") else json.dumps(given).encode()
        return operation.http["method"], path + ("?" + query if query else ""), {}, damaged(body)
    if model.protocol == "json":
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": model.metadata["targetPrefix"] + "." + operation.name}
        return "POST", "/", headers, damaged(json.dumps(given).encode())
    pairs = [("Action", operation.name), ("Version", model.api_version), *flat("", given, model.protocol == "ec2")]
    body = "&".join(f"{quote_plus(name)}={quote_plus(text)}" for name, text in pairs).encode()
    return "POST", "/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, damaged(body)


def answer(service, method, path, headers, body):
    signed = botocore.awsrequest.AWSRequest(method, f"{place.scheme}://{place.netloc}{path}", headers, body)
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(signed)
    connection.request(method, path, body, dict(signed.headers))
    return (reply := connection.getresponse()), reply.read()


def trouble(model, operation, reply, content):
    """What is wrong with an answer, if anything is."""
    if reply.status >= 500:
        return f"status {reply.status}"
    headers = botocore.awsrequest.HeadersDict(reply.getheaders())
    parts = {"status_code": reply.status, "headers": headers, "body": content}
    try:
        parsed = botocore.parsers.create_parser(model.protocol).parse(parts, operation.output_shape)
    except Exception as error:
        return f"cannot be parsed: {error!r}"
    if reply.status >= 400 and not parsed["Error"]["Code"].strip("0123456789"):
        return f"has no error code: {parsed}"
    return None


KNOWN = []
found, codes = [], {}
models = {service: session.get_service_model(service) for service in OPERATIONS}
KNOWN = [client("kms").create_key()["KeyMetadata"]["KeyId"]]
KNOWN += [group["AutoScalingGroupName"] for group in client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]]
for _ in range(ROUNDS):
    service = luck.choice(sorted(OPERATIONS))
    name = luck.choice(OPERATIONS[service])
    operation = models[service].operation_model(name)
    sent = request(models[service], operation)
    try:
        reply, content = answer(service, *sent)
        wrong = trouble(models[service], operation, reply, content)
        codes[reply.status] = codes.get(reply.status, 0) + 1
    except Exception as error:
        wrong = f"no answer: {error!r}"
        connection.close()
        found.append([service, name, wrong, repr(sent)[:1500], ""])
        break  # nothing answers any more
    if wrong:
        found.append([service, name, wrong, repr(sent)[:1500], repr(content[:300])])
assert found or client("sts").get_caller_identity()["Account"] == os.environ["AWS_ACCOUNT_ID"]
say({"found": found[:20], "codes": codes})
