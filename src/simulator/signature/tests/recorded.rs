//! Requests and tokens as the AWS CLI 1.45 sent them on 2026-11-22, with example credentials. Headers that are not
//! signed are left out.

pub(super) const DESCRIBE_NODEGROUP: &str = r#"GET /clusters/eks-workshop/node-groups/new%20nodegroup_1
Host: 127.0.0.1:1234
X-Amz-Date: 20261122T132807Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/eks/aws4_request, SignedHeaders=host;x-amz-date, Signature=eb1f497946cf287fb36ca00b95a455b21869f09fd8b10cb67fad2d1c96cb0221

"#;

pub(super) const DESCRIBE_KEY: &str = r#"POST /
Host: 127.0.0.1:1234
X-Amz-Target: TrentService.DescribeKey
Content-Type: application/x-amz-json-1.1
X-Amz-Date: 20261122T132808Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=d6574245b6531ee746ddf5be7c1d04acf47b770dc767cc1a7a00f099c9f67c90
Content-Length: 20

{"KeyId": "alias/x"}"#;

pub(super) const DESCRIBE_AUTO_SCALING_GROUPS: &str = r#"POST /
Host: 127.0.0.1:1234
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20261122T132809Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/autoscaling/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=e81b2c345ba57329c70a8ae5ea990b97da48e5b84faefe6498c9dafc347ce438
Content-Length: 103

Action=DescribeAutoScalingGroups&Version=2011-01-01&AutoScalingGroupNames.member.1=a+b~c%2A%28%C3%A9%29"#;

pub(super) const DESCRIBE_INSTANCES: &str = r#"POST /
Host: 127.0.0.1:1234
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20261122T132811Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/ec2/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=74bfcde90d3b73c249a5abff8201e56ce98aa31ac880eaf7ad7ec9ca3473e42e
Content-Length: 86

Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=tag%3Aa+b&Filter.1.Value.1=x"#;

pub(super) const GET_CALLER_IDENTITY: &str = r#"POST /
Host: 127.0.0.1:1234
Content-Type: application/x-www-form-urlencoded; charset=utf-8
X-Amz-Date: 20261122T132812Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/sts/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=00147bccc97bb38bb1e2449a8c6b3061bc133bd87b1d39f9ae9381c1fb0b6cb1
Content-Length: 43

Action=GetCallerIdentity&Version=2011-06-15"#;

pub(super) const LIST_TAGS_FOR_RESOURCE: &str = r#"GET /tags/arn%3Aaws%3Aeks%3Aus-west-2%3A123456789012%3Anodegroup%2Feks-workshop%2Fa%2Fb
Host: 127.0.0.1:1234
X-Amz-Date: 20261122T132813Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/eks/aws4_request, SignedHeaders=host;x-amz-date, Signature=99ce439740e6323e553a44e4259e64d0b4c041bfa2e3a9521641f6f0f29fcdd8

"#;

pub(super) const LIST_NODEGROUPS: &str = r#"GET /clusters/x/node-groups?maxResults=5&nextToken=a%20b%2Fc%2Bd%3D
Host: 127.0.0.1:1234
X-Amz-Date: 20261122T132814Z
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/eks/aws4_request, SignedHeaders=host;x-amz-date, Signature=7b8bd90bf2d538997e5ea809275cef6c973bc6f1e29d6e98a2679e169437fcbb

"#;

pub(super) const LIST_KEYS_WITH_SESSION_TOKEN: &str = r#"POST /
Host: 127.0.0.1:1234
X-Amz-Target: TrentService.ListKeys
Content-Type: application/x-amz-json-1.1
X-Amz-Date: 20261122T132816Z
X-Amz-Security-Token: FwoGZXIvYXdzE+/token==
Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=c22a05838bfc14d7a301318bed6870c34a83073f9f8b0e8fb28845bec75adcb1
Content-Length: 2

{}"#;

pub(super) const TOKEN: &str = "k8s-aws-v1.aHR0cDovLzEyNy4wLjAuMToxMjM0Lz9BY3Rpb249R2V0Q2FsbGVySWRlbnRpdHkmVmVyc2lvbj0yMDExLTA2LTE1JlgtQW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9QUtJREVYQU1QTEUlMkYyMDI2MTEyMiUyRnVzLXdlc3QtMiUyRnN0cyUyRmF3czRfcmVxdWVzdCZYLUFtei1EYXRlPTIwMjYxMTIyVDEzMjgxNVomWC1BbXotRXhwaXJlcz02MCZYLUFtei1TaWduZWRIZWFkZXJzPWhvc3QlM0J4LWs4cy1hd3MtaWQmWC1BbXotU2lnbmF0dXJlPTY5NzU2Mjk2MTVjZjI5YTUwMzVmMjhjNTBhYWZmMjg4Mzg1ZThmZTEwZWUyOWNjMTVlMGY1NDhjZjAzYjFjOWY";

pub(super) const TOKEN_WITH_SESSION_TOKEN: &str = "k8s-aws-v1.aHR0cDovLzEyNy4wLjAuMToxMjM0Lz9BY3Rpb249R2V0Q2FsbGVySWRlbnRpdHkmVmVyc2lvbj0yMDExLTA2LTE1JlgtQW16LUFsZ29yaXRobT1BV1M0LUhNQUMtU0hBMjU2JlgtQW16LUNyZWRlbnRpYWw9QUtJREVYQU1QTEUlMkYyMDI2MTEyMiUyRnVzLXdlc3QtMiUyRnN0cyUyRmF3czRfcmVxdWVzdCZYLUFtei1EYXRlPTIwMjYxMTIyVDEzMjgxN1omWC1BbXotRXhwaXJlcz02MCZYLUFtei1TaWduZWRIZWFkZXJzPWhvc3QlM0J4LWs4cy1hd3MtaWQmWC1BbXotU2VjdXJpdHktVG9rZW49RndvR1pYSXZZWGR6RSUyQiUyRnRva2VuJTNEJTNEJlgtQW16LVNpZ25hdHVyZT1mOTc0MDhlMzEyZjdkZTBmODEwM2Q5NWEzN2U2ODA0Y2ViOWZkM2QyYmFmZjc3MGFmYjljZjg2NjQ0YjBjZWVl";

pub(super) const TOKEN_FOR_THE_REAL_STS: &str = "k8s-aws-v1.aHR0cHM6Ly9zdHMudXMtd2VzdC0yLmFtYXpvbmF3cy5jb20vP0FjdGlvbj1HZXRDYWxsZXJJZGVudGl0eSZWZXJzaW9uPTIwMTEtMDYtMTUmWC1BbXotQWxnb3JpdGhtPUFXUzQtSE1BQy1TSEEyNTYmWC1BbXotQ3JlZGVudGlhbD1BS0lERVhBTVBMRSUyRjIwMjYxMTIyJTJGdXMtd2VzdC0yJTJGc3RzJTJGYXdzNF9yZXF1ZXN0JlgtQW16LURhdGU9MjAyNjExMjJUMTMyODE4WiZYLUFtei1FeHBpcmVzPTYwJlgtQW16LVNpZ25lZEhlYWRlcnM9aG9zdCUzQngtazhzLWF3cy1pZCZYLUFtei1TaWduYXR1cmU9YjA2Y2NmMDdmZDQwNDhhZmNiNGI0ZDU4MDY5NDkwOWFiZWM1NDUzZDllOTVjNmY4ZjE4ZDJmNTE4NmI4ODZkOA";
