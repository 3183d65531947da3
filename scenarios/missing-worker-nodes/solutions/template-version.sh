#!/usr/bin/env bash
# The repair: a version of the launch template that names the key which there is, then launch again.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
  aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
}

key=$(aws kms describe-key --key-id "${NEW_KMS_KEY_ID:?}" --query KeyMetadata.Arn --output text)
data=$(aws ec2 describe-launch-template-versions --launch-template-id "${NEW_NODEGROUP_1_LT_ID:?}" --versions "\$Latest" \
  --query 'LaunchTemplateVersions[0].LaunchTemplateData' --output json |
  jq --arg key "$key" '.BlockDeviceMappings |= map(.Ebs.KmsKeyId = $key)')
version=$(aws ec2 create-launch-template-version --launch-template-id "$NEW_NODEGROUP_1_LT_ID" \
  --launch-template-data "$data" --query 'LaunchTemplateVersion.VersionNumber' --output text)

scale_to 0
aws eks update-nodegroup-version --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1 \
  --launch-template "id=$NEW_NODEGROUP_1_LT_ID,version=$version"
aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
scale_to 1
