# Anything at all for the cluster's API: every answer is JSON where it says so, a Status where it refuses, and never one
# that says that the server failed. Needs SEED and ROUNDS.
import http.client
import random
import re
import ssl
from urllib.parse import quote, urlsplit

import botocore.auth
import botocore.awsrequest

luck = random.Random(SEED)
kubeconfig = open(os.environ["KUBECONFIG"]).read()
place = urlsplit(re.search(r'server: "?(https://[0-9.:]+)', kubeconfig)[1])
token = re.search(r'token: "?([^"\n]+)', kubeconfig)[1]
authority = base64.b64decode(re.search(r'certificate-authority-data: "?([^"\n]+)', kubeconfig)[1]).decode()
trusted = ssl.create_default_context(cadata=authority)
connection = http.client.HTTPSConnection(place.hostname, place.port, timeout=10, context=trusted)

PARTS = ["api", "apis", "v1", "apps", "nodes", "pods", "namespaces", "default", "kube-system", "configmaps", "events", "deployments",
         "daemonsets", "leases", "coordination.k8s.io", "status", "log", "exec", "scale", "authorization.k8s.io",
         "selfsubjectaccessreviews", "openapi", "v2", "v3", "version", "healthz", "watch", "..", ".", "%00", "%ff", "%zz",
         "a", "\u00fc", "a" * 300, "*", "%2F", "metrics.k8s.io", "v1beta1"]
WHOLE = ["/api/v1/namespaces/default/configmaps", "/api/v1/nodes", "/api/v1/namespaces/default/configmaps/c", "/api/v1/namespaces",
         "/apis/apps/v1/namespaces/default/deployments", "/apis/apps/v1/namespaces/default/deployments/d",
         "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/api/v1/namespaces/default", "/api/v1/pods"]
QUERIES = ["labelSelector=a%3Db", "labelSelector=a+in+(b,c),!d", "labelSelector=%28%29", "labelSelector=a+notin+(", "labelSelector=%ff",
           "fieldSelector=metadata.name%3Dc", "fieldSelector=%2C%2C%3D", "fieldSelector=x%5C", "limit=1", "limit=-1", "limit=x", "continue=x",
           "resourceVersion=0", "resourceVersion=x", "resourceVersion=99999999999999999999", "dryRun=All", "dryRun=x", "fieldManager=m",
           "force=true", "fieldValidation=Strict", "propagationPolicy=x", "timeoutSeconds=x", "&&", "=", "includeObject=x"]
TYPES = ["application/json", "application/yaml", "application/json-patch+json", "application/merge-patch+json",
         "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf", "text/plain", "", "x"]
ACCEPTS = ["application/json", "*/*", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "text/html", ";;,", ""]
OBJECT = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default", "labels": {"a": "b"}}, "data": {"k": "v"}}
ODD = [None, True, 0, -1, 1e300, "", "x", "\0", [], {}, [None], {"": None}, {"$patch": "delete"}, {"$patch": 1}, "a" * 300]
PATCHES = [[{"op": "add", "path": "/data/x", "value": 1}], [{"op": "remove", "path": "/metadata"}], [{"op": "test", "path": "", "value": {}}],
           [{"op": "move", "from": "/data", "path": "/data/x"}], [{"op": "copy", "from": "", "path": "/data/all"}], [{"op": "add", "path": "/a/-"}],
           [{"op": "replace", "path": "", "value": 5}], [{"op": "add", "path": "/metadata/labels/0", "value": []}], [{"path": 1}], [None]]


def changed(given, depth=0):
    """A copy that differs here and there."""
    if luck.random() < 0.1:
        return luck.choice(ODD)
    if isinstance(given, dict):
        copy = {name: changed(member, depth + 1) for name, member in given.items() if luck.random() < 0.9}
        if luck.random() < 0.2:
            copy[luck.choice(["metadata", "spec", "status", "$patch", "", "finalizers", "ownerReferences", "resourceVersion"])] = luck.choice(ODD)
        return copy
    return given


def body():
    fate = luck.random()
    if fate < 0.1:
        return bytes(luck.randrange(256) for _ in range(luck.randrange(60)))
    if fate < 0.2:
        return b"k8s\0" + bytes(luck.randrange(256) for _ in range(luck.randrange(40)))
    if fate < 0.3:
        return luck.choice([b"[" * 5000, b"{\"a\":" * 5000, b"&a [*a]", b"a: &a [*b, *a]\n", b"- " * 3000, b"{" * 3000, b"!!x", b"---\n---\n", b""])
    if fate < 0.5:
        return json.dumps(luck.choice(PATCHES)).encode()
    return json.dumps(changed(OBJECT)).encode()


def ask(method, path, headers, content=b""):
    connection.request(method, path, content, headers)
    reply = connection.getresponse()
    return reply, reply.read()


def trouble(reply, content):
    # What a real API server has and this one has not is refused by name; a version from the future times out.
    by_name = reply.status == 501 and b"is not simulated" in content or reply.status == 504 and b"resource version" in content
    if reply.status >= 500 and not by_name:
        return f"status {reply.status}"
    if "json" not in reply.getheader("content-type", ""):
        return None if reply.status in (200, 404) else f"no Status but {reply.getheader('content-type')}"
    read = json.loads(content)
    if reply.status >= 400 and not (read["kind"] == "Status" and read["code"] == reply.status and read["reason"]):
        return "no Status"
    return None


found, codes = [], {}
bearer = {"Authorization": f"Bearer {token}"}
for _ in range(ROUNDS):
    path = luck.choice(WHOLE) if luck.random() < 0.7 else "/" + "/".join(luck.choice(PARTS) for _ in range(luck.randrange(8)))
    path = quote(path, safe="/%*") + "?" + "&".join(luck.choice(QUERIES) for _ in range(luck.choice([0, 0, 1, 2])))
    headers = {**bearer, "Content-Type": luck.choice(TYPES), "Accept": luck.choice(ACCEPTS)}
    method = luck.choice(["GET", "POST", "PUT", "PATCH", "PATCH", "DELETE", "OPTIONS", "BREW"])
    sent = (method, path, headers, b"" if method == "GET" else body())
    try:
        reply, content = ask(*sent)
        wrong = trouble(reply, content)
        codes[reply.status] = codes.get(reply.status, 0) + 1
    except Exception as error:
        wrong, content = f"no answer: {error!r}", b""
        connection.close()
    if wrong:
        found.append([wrong, repr(sent)[:1500].replace(token, "TOKEN"), repr(content[:300])])


def eks_token(cluster="eks-workshop", seconds_ago=0, key=None):
    import datetime
    true_clock = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *given: true_clock(*given) - datetime.timedelta(seconds=seconds_ago)
    url = os.environ["AWS_ENDPOINT_URL"] + "/?Action=GetCallerIdentity&Version=2011-06-15"
    asked = botocore.awsrequest.AWSRequest("GET", url, {"x-k8s-aws-id": cluster})
    keys = key or boto3.Session().get_credentials().get_frozen_credentials()
    botocore.auth.SigV4QueryAuth(keys, "sts", os.environ["AWS_REGION"], expires=60).add_auth(asked)
    botocore.auth.get_current_datetime = true_clock
    return "k8s-aws-v1." + base64.urlsafe_b64encode(asked.prepare().url.encode()).decode().rstrip("=")


def let_in(header):
    reply, content = ask("GET", "/api/v1/nodes", {"Authorization": header} if header is not None else {})
    read = json.loads(content)
    return [reply.status, read.get("reason"), read["kind"]]


stranger = botocore.credentials.Credentials("AKIASTRANGER", "x")
say({
    "found": found[:20], "codes": codes,
    "in": [let_in(f"Bearer {each}") for each in (token, eks_token(), eks_token(seconds_ago=14 * 60))],
    "out": [let_in(header) for header in (
        None, "", "Bearer", "Bearer ", f"Basic {token}", f"Bearer {token}x", "Bearer k8s-aws-v1.", "Bearer k8s-aws-v1.%%%",
        f"Bearer {eks_token('other')}", f"Bearer {eks_token(seconds_ago=16 * 60)}", f"Bearer {eks_token(seconds_ago=-20 * 60)}",
        f"Bearer {eks_token(key=stranger)}", f"Bearer {eks_token()[:-20]}")],
})
