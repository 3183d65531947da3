#!/usr/bin/env bash
# Wrong: the key is opened to everybody, and stays disabled.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

account="arn:aws:iam::${AWS_ACCOUNT_ID:?}:root"
policy='{"Version": "2012-10-17", "Statement": [
  {"Sid": "EnableIAMUserPermissions", "Effect": "Allow", "Principal": {"AWS": "'$account'"}, "Action": "kms:*", "Resource": "*"},
  {"Sid": "OpenToEverybody", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}]}'
aws kms put-key-policy --key-id "${KEY_ID:?}" --policy-name default --policy "$policy"
