#!/usr/bin/env bash
# A wrong fix that works: a new version of the learner's launch template without encryption. Nodes come up,
# but what the security review asked for is gone.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

wait_active() {
  aws eks wait nodegroup-active --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1
}

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
  wait_active
}

# Prints the template's data with every volume unencrypted.
data_without_encryption() {
  aws ec2 describe-launch-template-versions --launch-template-id "${NEW_NODEGROUP_1_LT_ID:?}" --versions "\$Latest" \
    --query 'LaunchTemplateVersions[0].LaunchTemplateData' --output json |
    jq '.BlockDeviceMappings |= map(.Ebs |= (del(.KmsKeyId) | .Encrypted = false))'
}

data=$(data_without_encryption)
version=$(aws ec2 create-launch-template-version --launch-template-id "$NEW_NODEGROUP_1_LT_ID" \
  --launch-template-data "$data" --query 'LaunchTemplateVersion.VersionNumber' --output text)

# An empty group changes its template without having to replace a machine that never started.
scale_to 0
aws eks update-nodegroup-version --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1 \
  --launch-template "id=$NEW_NODEGROUP_1_LT_ID,version=$version"
wait_active
scale_to 1
