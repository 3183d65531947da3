//! The simulated KMS, as boto3 and `aws` see it.

use serde_json::json;

use super::account::Account;

/// Every operation once, and what ties them together, in one run of Python.
const TOUR: &str = r#"
kms, iam_account = client("kms"), os.environ["AWS_ACCOUNT_ID"]
root = f"arn:aws:iam::{iam_account}:root"
node = f"arn:aws:iam::{iam_account}:role/eks-workshop-node"

made = kms.create_key(Description="ours", Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
key, arn = made["KeyId"], made["Arn"]
other = kms.create_key()["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/app", TargetKeyId=key)
kms.update_key_description(KeyId=key, Description="everybody's")
described = kms.describe_key(KeyId="alias/app")["KeyMetadata"]
assert described["Description"] == "everybody's" and described["KeyId"] == key, described
assert len(described["CurrentKeyMaterialId"]) == 64

# Lists, page by page.
pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
keys = [entry["KeyId"] for page in pages for entry in page["Keys"]]
assert key in keys and other in keys and len(keys) == len(set(keys)) == 3, keys
pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1})
aliases = [entry["AliasName"] for page in pages for entry in page["Aliases"]]
assert aliases == ["alias/app", "alias/aws/ebs"], aliases
kms.update_alias(AliasName="alias/app", TargetKeyId=other)
assert kms.list_aliases(KeyId=other)["Aliases"][0]["AliasName"] == "alias/app"

# Tags.
kms.tag_resource(KeyId=key, Tags=[{"TagKey": "stage", "TagValue": "test"}])
kms.untag_resource(KeyId=key, TagKeys=["team"])
tags = [tag for page in kms.get_paginator("list_resource_tags").paginate(KeyId=key) for tag in page["Tags"]]
assert tags == [{"TagKey": "stage", "TagValue": "test"}], tags

# Ciphertexts.
context = {"app": "shop", "stage": "test"}
sealed = kms.encrypt(KeyId=key, Plaintext=b"attack at dawn", EncryptionContext=context)
assert sealed["KeyId"] == arn and b"attack" not in sealed["CiphertextBlob"]
blob = sealed["CiphertextBlob"]
opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
assert opened["Plaintext"] == b"attack at dawn" and opened["KeyId"] == arn, opened
moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId="alias/app")
assert moved["SourceKeyId"] == arn and moved["KeyId"].endswith(other), moved
assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["Plaintext"] == b"attack at dawn"
data = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
assert len(data["Plaintext"]) == 32
assert kms.decrypt(CiphertextBlob=data["CiphertextBlob"], KeyId=key)["Plaintext"] == data["Plaintext"]
hidden = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=64)
assert "Plaintext" not in hidden and len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 64
assert len(kms.generate_random(NumberOfBytes=9)["Plaintext"]) == 9
refused = {
    "context": code(kms.decrypt, CiphertextBlob=blob),
    "altered": code(kms.decrypt, CiphertextBlob=blob[:-1] + bytes([blob[-1] ^ 1]), EncryptionContext=context),
    "key": code(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context, KeyId=other),
    "dry run": code(kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True),
    "data key": code(kms.generate_data_key, KeyId=key),
    "pair": code(kms.generate_data_key_pair, KeyId=key, KeyPairSpec="RSA_2048"),
}

# Rotation.
kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
status = kms.get_key_rotation_status(KeyId=key)
assert status["KeyRotationEnabled"] and status["RotationPeriodInDays"] == 180, status
days = (status["NextRotationDate"] - described["CreationDate"]).days
assert 179 <= days <= 180, days
assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == key
rotations = kms.get_paginator("list_key_rotations").paginate(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
states = [entry["KeyMaterialState"] for page in rotations for entry in page["Rotations"]]
assert states == ["NON_CURRENT", "CURRENT"], states
assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"attack at dawn"
kms.disable_key_rotation(KeyId=key)
assert not kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]

# Policies.
policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
assert policy["Statement"][0]["Principal"]["AWS"] == root
assert kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
policy["Statement"].append({"Sid": "Node", "Effect": "Allow", "Principal": {"AWS": node}, "Action": "kms:Decrypt", "Resource": "*"})
written = json.dumps(policy, indent=2)
kms.put_key_policy(KeyId=key, PolicyName="default", Policy=written)
assert kms.get_key_policy(KeyId=key)["Policy"] == written
refused["principal"] = code(kms.put_key_policy, KeyId=key, Policy=written.replace("eks-workshop-node", "nobody"))
refused["lockout"] = code(kms.put_key_policy, KeyId=key, Policy=written.replace(root, node))
refused["size"] = code(kms.put_key_policy, KeyId=key, Policy=written + " " * 32768)
refused["no policy"] = code(kms.get_key_policy, KeyId=key, PolicyName="other")
try:
    kms.put_key_policy(KeyId=key, Policy=written.replace("Allow", "allow"))
except ClientError as error:
    refused["malformed"] = [error.response["Error"]["Code"], error.response["Error"]["Message"]]

# Grants.
grant = {"KeyId": key, "GranteePrincipal": node, "RetiringPrincipal": root, "Operations": ["Decrypt", "RetireGrant"],
    "Constraints": {"EncryptionContextSubset": {"app": "shop"}}, "Name": "first"}
first = kms.create_grant(**grant)
again = kms.create_grant(**grant)
assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
second = kms.create_grant(KeyId=arn, GranteePrincipal=node, Operations=["Encrypt"], GrantTokens=[first["GrantToken"]])
pages = kms.get_paginator("list_grants").paginate(KeyId=key, PaginationConfig={"PageSize": 1})
listed = [entry for page in pages for entry in page["Grants"]]
assert [entry["GrantId"] for entry in listed] == [first["GrantId"], second["GrantId"]], listed
assert listed[0]["Constraints"] == {"EncryptionContextSubset": {"app": "shop"}} and listed[0]["Name"] == "first"
retirable = kms.list_retirable_grants(RetiringPrincipal=root)["Grants"]
assert [entry["GrantId"] for entry in retirable] == [first["GrantId"]], retirable
kms.retire_grant(GrantToken=again["GrantToken"])
kms.revoke_grant(KeyId=key, GrantId=second["GrantId"])
assert kms.list_grants(KeyId=key)["Grants"] == []
refused["revoked"] = code(kms.revoke_grant, KeyId=key, GrantId=second["GrantId"])

# States.
kms.disable_key(KeyId=key)
refused["disabled"] = code(kms.encrypt, KeyId=key, Plaintext=b"x")
kms.enable_key(KeyId=key)
answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
assert answer["KeyState"] == "PendingDeletion" and answer["KeyId"] == arn, answer
refused["pending"] = code(kms.encrypt, KeyId=key, Plaintext=b"x")
kms.cancel_key_deletion(KeyId=key)
assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
refused["not pending"] = code(kms.cancel_key_deletion, KeyId=key)
kms.delete_alias(AliasName="alias/app")
refused["alias"] = code(kms.describe_key, KeyId="alias/app")
refused["managed"] = code(kms.schedule_key_deletion, KeyId=kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["KeyId"])
say({"arn": arn, "refused": refused})
"#;

#[test]
fn boto3_gets_what_the_documentation_promises() {
    let account = Account::new();
    let answer = account.boto3(TOUR);
    let arn = answer["arn"].as_str().unwrap();
    let refused = answer["refused"].as_object().unwrap();
    for (what, code, message) in [
        ("context", "InvalidCiphertextException", String::new()),
        ("altered", "InvalidCiphertextException", String::new()),
        (
            "key",
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation."
                .to_owned(),
        ),
        (
            "dry run",
            "DryRunOperationException",
            "The request would have succeeded, but the DryRun option is set.".to_owned(),
        ),
        (
            "data key",
            "ValidationException",
            "Please specify either number of bytes or key spec.".to_owned(),
        ),
        (
            "pair",
            "UnknownOperationException",
            "kms GenerateDataKeyPair is not simulated".to_owned(),
        ),
        (
            "principal",
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.".to_owned(),
        ),
        (
            "lockout",
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future."
                .to_owned(),
        ),
        (
            "size",
            "LimitExceededException",
            "The policy is larger than the limit of 32768 bytes.".to_owned(),
        ),
        (
            "no policy",
            "NotFoundException",
            "No such policy exists".to_owned(),
        ),
        (
            "malformed",
            "MalformedPolicyDocumentException",
            String::new(),
        ),
        (
            "disabled",
            "DisabledException",
            format!("{arn} is disabled."),
        ),
        (
            "pending",
            "KMSInvalidStateException",
            format!("{arn} is pending deletion."),
        ),
        (
            "not pending",
            "KMSInvalidStateException",
            format!("{arn} is not pending deletion (or pending replica deletion)."),
        ),
        (
            "alias",
            "NotFoundException",
            "Alias arn:aws:kms:us-west-2:123456789012:alias/app is not found.".to_owned(),
        ),
    ] {
        assert_eq!(refused[what], json!([code, message]), "{what}");
    }
    assert_eq!(refused["revoked"][0], "NotFoundException");
    let managed = &refused["managed"];
    assert_eq!(managed[0], "AccessDeniedException");
    let because = "because no resource-based policy allows the kms:ScheduleKeyDeletion action";
    assert!(managed[1].as_str().unwrap().ends_with(because), "{managed}");
}

#[test]
fn the_command_line_encrypts_into_a_file_and_back() {
    let account = Account::new();
    let made = account.aws(&["kms", "create-key", "--description", "files"]);
    let key = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    std::fs::write(account.directory().join("plain"), "a secret").unwrap();
    let plain = [
        "kms",
        "encrypt",
        "--key-id",
        key,
        "--plaintext",
        "fileb://plain",
    ];
    let context = ["--encryption-context", "app=shop"];
    let sealed = account.aws(&[&plain[..], &context].concat());
    let blob = sealed["CiphertextBlob"].as_str().unwrap();
    let script = format!("open('blob', 'wb').write(base64.b64decode('{blob}')); say(None)");
    account.boto3(&script);
    let decrypt = ["kms", "decrypt", "--ciphertext-blob", "fileb://blob"];
    let opened = account.aws(&[&decrypt[..], &context].concat());
    assert_eq!(opened["Plaintext"], "YSBzZWNyZXQ=");
    let refused = account.aws_refuses(&decrypt);
    assert!(
        refused.contains("(InvalidCiphertextException) when calling the Decrypt operation"),
        "{refused}"
    );
}

#[test]
fn a_scheduled_deletion_comes_with_its_day() {
    let account = Account::new();
    let key = account.boto3("kms = client('kms')\nkey = kms.create_key()['KeyMetadata']['KeyId']\nkms.schedule_key_deletion(KeyId=key, PendingWindowInDays=8)\nsay(key)");
    let key = key.as_str().unwrap();
    let script =
        format!("say(client('kms').describe_key(KeyId='{key}')['KeyMetadata']['KeyState'])");
    account.advance(std::time::Duration::from_secs(7 * 86_400));
    assert_eq!(account.boto3(&script), "PendingDeletion");
    account.advance(std::time::Duration::from_secs(86_400));
    let gone = account.boto3(&format!(
        "say(code(client('kms').describe_key, KeyId='{key}'))"
    ));
    assert_eq!(
        gone,
        json!([
            "NotFoundException",
            format!("Key 'arn:aws:kms:us-west-2:123456789012:key/{key}' does not exist")
        ])
    );
}

/// A role that may use a key through a grant, and what is left of it when it is deleted and made anew.
const ROLE: &str = r#"
iam, kms, sts = client("iam"), client("kms"), client("sts")
account = os.environ["AWS_ACCOUNT_ID"]
trust = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}})
role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]

def session():
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="one")["Credentials"]
    return client("kms", aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"])

key = kms.create_key()["KeyMetadata"]["KeyId"]
policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
policy["Statement"].append({"Effect": "Allow", "Principal": {"AWS": role["Arn"]}, "Action": "kms:Encrypt", "Resource": "*"})
kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
app = session()
blob = app.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
before = code(app.decrypt, CiphertextBlob=blob)
grant = kms.create_grant(KeyId=key, GranteePrincipal=role["Arn"], Operations=["Decrypt", "RetireGrant"])
assert app.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
iam.delete_role(RoleName="app")
named = json.loads(kms.get_key_policy(KeyId=key)["Policy"])["Statement"][1]["Principal"]["AWS"]
assert named == role["RoleId"] and named.startswith("AROA"), named
assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"] == role["RoleId"]
assert iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["RoleId"] != role["RoleId"]
app = session()
assert code(app.encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
assert code(app.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
assert code(app.list_keys)[0] == "AccessDeniedException"
put_again = code(kms.put_key_policy, KeyId=key, Policy=kms.get_key_policy(KeyId=key)["Policy"])
say({"before": before, "put again": put_again, "key": key})
"#;

#[test]
fn a_role_made_anew_has_nothing_of_the_one_that_was_deleted() {
    let account = Account::new();
    let answer = account.boto3(ROLE);
    let key = answer["key"].as_str().unwrap();
    assert_eq!(
        answer["before"],
        json!([
            "AccessDeniedException",
            format!(
                "User: arn:aws:sts::123456789012:assumed-role/app/one is not authorized to perform: kms:Decrypt \
                 on resource: arn:aws:kms:us-west-2:123456789012:key/{key} \
                 because no identity-based policy allows the kms:Decrypt action"
            )
        ])
    );
    assert_eq!(answer["put again"][0], "MalformedPolicyDocumentException");
}
