# Signatures that are right for odd requests, and wrong ones in every way.
import datetime
import hashlib
import http.client
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest

place = urlsplit(os.environ["AWS_ENDPOINT_URL"])
keys = boto3.Session().get_credentials().get_frozen_credentials()


def harmless(service, **options):
    """A call that needs nothing, of a client of this service."""
    made = boto3.client(service, **options) if "config" in options else client(service, **options)
    return {
        "eks": lambda: made.list_clusters(),
        "kms": lambda: made.list_keys(),
        "autoscaling": lambda: made.describe_auto_scaling_groups(),
        "ec2": lambda: made.describe_instances(),
        "sts": lambda: made.get_caller_identity(),
    }[service]


def refusal(function):
    try:
        function()
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
    return "answered"


SERVICES = ["eks", "kms", "autoscaling", "ec2", "sts"]


def refusals(**options):
    return {service: refusal(harmless(service, **options)) for service in SERVICES}


def at(**offset):
    """Refusals when the client's clock is off by this much."""
    module, true_clock = botocore.auth, botocore.auth.get_current_datetime
    module.get_current_datetime = lambda *given: true_clock(*given) + datetime.timedelta(**offset)
    try:
        return refusals()
    finally:
        module.get_current_datetime = true_clock


def raw(service, method, path, headers, body, region=os.environ["AWS_REGION"]):
    """Status of a request that is signed by botocore and sent as it is, header by header."""
    signed = botocore.awsrequest.AWSRequest(method, f"http://{place.netloc}{path}", headers, body)
    botocore.auth.SigV4Auth(keys, service, region).add_auth(signed)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in signed.headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    reply = connection.getresponse()
    return [reply.status, reply.read().decode()]


def opened(url):
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as error:
        return [error.code, error.read().decode()]


eks, kms, autoscaling = client("eks"), client("kms"), client("autoscaling")
ODD = ["a b", "a+b", "a%2Bb", "~-._", "\u00fc\u2713\U0001f600", "a/b", "a;b=c&d", "%", "'\"", "x" * 80, ":@$,!()*"]
names = [eks_code for eks_code in ({name: code(eks.describe_nodegroup, clusterName="eks-workshop", nodegroupName=name)[0] for name in ODD}.values())]
described = []
for text in ODD + ["", " a  b ", "a\nb\tc"]:
    key = kms.create_key(Description=text)["KeyMetadata"]["KeyId"]
    described.append(kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == text)
echoed = [code(autoscaling.set_desired_capacity, AutoScalingGroupName=name, DesiredCapacity=1)[0] for name in ODD + ["\u0001<\ufffe"]]
get_identity = "Action=GetCallerIdentity&Version=2011-06-15"
form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
digest = hashlib.sha256(get_identity.encode()).hexdigest()
presigned = client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
say({
    "right": {
        "names": names, "described": described, "echoed": echoed,
        "spaces in headers": raw("sts", "POST", "/", {**form, "X-Odd": "  a   b  "}, get_identity)[0],
        "empty header": raw("sts", "POST", "/", {**form, "X-Empty": ""}, get_identity)[0],
        "a hash of the body": raw("sts", "POST", "/", {**form, "X-Amz-Content-SHA256": digest}, get_identity)[0],
        "get": raw("sts", "GET", "/?" + get_identity, {}, "")[0],
        "query in any order": raw("eks", "GET", "/clusters?zebra=%2B%20~&ant=", {}, "")[1],
        "dots in the path": raw("eks", "GET", "/clusters/x/../eks-workshop", {}, "")[0],
        "presigned": opened(presigned),
    },
    "unknown key": refusals(aws_access_key_id="AKIAUNKNOWNUNKNOWN00", aws_secret_access_key="x"),
    "wrong secret": refusals(aws_access_key_id=keys.access_key, aws_secret_access_key="x"),
    "stray token": refusals(aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key, aws_session_token="x"),
    "unsigned": {service: refusal(harmless(service, config=Config(signature_version=botocore.UNSIGNED))) for service in ["sts"]},
    "late": [at(minutes=-4)["ec2"], at(minutes=-6), at(minutes=-16)["sts"]],
    "early": [at(minutes=4)["kms"], at(minutes=6)["kms"], at(minutes=16)["autoscaling"]],
    "a wrong hash": [raw("sts", "POST", "/", {**form, "X-Amz-Content-SHA256": hash}, get_identity)[0] for hash in ("UNSIGNED-PAYLOAD", digest[::-1])],
    "presigned and changed": opened(presigned.replace("2011-06-15", "2011-06-16"))[0],
    "other region": raw("eks", "GET", "/clusters", {}, "", "mars-north-1")[0],
    "unknown service": raw("s3", "GET", "/bucket", {}, "")[0],
    "cbor": [raw("kms", "POST", "/", {"Content-Type": "application/cbor", "X-Amz-Target": "TrentService.ListKeys"}, "")[0],
             raw("kms", "POST", "/service/TrentService/operation/ListKeys", {"smithy-protocol": "rpc-v2-cbor"}, "")[0]],
    "no action": [raw("ec2", "POST", "/", form, "")[1], raw("kms", "POST", "/", {}, "{}")[1]],
    "methods": [raw(service, method, "/", form, get_identity)[0]
                for service, method in [("sts", "PUT"), ("kms", "GET"), ("eks", "PATCH"), ("ec2", "DELETE")]],
})
