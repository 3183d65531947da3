#!/usr/bin/env bash
# Hook of step 1. `before` checks that the environment is broken in the way the page describes: no node,
# launches that fail, and a key that is enabled but has no statement for Auto Scaling's service-linked role.
# `after` checks what the learner saw. A check that fails says on stderr what it saw instead.
set -Eeuo pipefail

: "${EKS_CLUSTER_NAME:?}"

NODEGROUP=new_nodegroup_1
SELECTOR="eks.amazonaws.com/nodegroup=$NODEGROUP"
ROLE_NAME=AWSServiceRoleForAutoScaling

say() {
  printf 'hook-missing-worker-nodes: %s\n' "$*" >&2
}

no_node_of_the_group() {
  local nodes
  nodes=$(kubectl get nodes --selector="$SELECTOR" --output=name) || { say "could not list the nodes"; return 1; }
  [[ -z $nodes ]] || { say "expected no node of $NODEGROUP, saw: ${nodes//$'\n'/ }"; return 1; }
}

# A launch fails some seconds after the group was scaled up, so the first look may come too early.
launches_fail() {
  local attempt
  for attempt in {1..12}; do
    ((attempt == 1)) || sleep 5
    read_launch_state || return 1
    [[ $status/$issues == DEGRADED/*AsgInstanceLaunchFailures* ]] && return 0
    [[ $activities == Cancelled* || $activities == Failed* ]] && return 0
  done
  say "expected $NODEGROUP to be DEGRADED with AsgInstanceLaunchFailures, or its latest launch Cancelled or Failed;" \
    "saw status $status, issues: ${issues:-none}, finished activities: ${activities:-none}"
  return 1
}

# Sets what launches_fail looks at: status, issues (their codes) and activities (status codes of the finished ones, newest first).
read_launch_state() {
  local nodegroup group activity_list
  nodegroup=$(aws eks describe-nodegroup --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name "$NODEGROUP" --output json) ||
    { say "could not describe node group $NODEGROUP"; return 1; }
  status=$(jq -r '.nodegroup.status' <<<"$nodegroup") || return 1
  issues=$(jq -r '[.nodegroup.health.issues[]?.code] | join(" ")' <<<"$nodegroup") || return 1
  group=$(jq -r '.nodegroup.resources.autoScalingGroups[0].name // empty' <<<"$nodegroup") || return 1
  [[ -n $group ]] || { say "node group $NODEGROUP names no Auto Scaling group"; return 1; }
  activity_list=$(aws autoscaling describe-scaling-activities --auto-scaling-group-name "$group" --output json) ||
    { say "could not describe the scaling activities of $group"; return 1; }
  activities=$(jq -r '[.Activities[].StatusCode | select(IN("Successful", "Failed", "Cancelled"))] | join(" ")' <<<"$activity_list") || return 1
}

key_is_enabled() {
  local state
  state=$(aws kms describe-key --key-id "$NEW_KMS_KEY_ID" --query KeyMetadata.KeyState --output text) ||
    { say "could not describe key $NEW_KMS_KEY_ID"; return 1; }
  [[ $state == Enabled ]] || { say "expected key $NEW_KMS_KEY_ID to be Enabled, saw $state"; return 1; }
}

key_policy_leaves_the_role_out() {
  local policy principals
  policy=$(aws kms get-key-policy --key-id "$NEW_KMS_KEY_ID" --policy-name default --query Policy --output text) ||
    { say "could not read the policy of key $NEW_KMS_KEY_ID"; return 1; }
  principals=$(jq -r '[.Statement] | flatten | map(select(.Effect == "Allow").Principal | .. | strings) | join(" ")' <<<"$policy") ||
    { say "could not understand the policy of key $NEW_KMS_KEY_ID: $policy"; return 1; }
  [[ $principals != *"/$ROLE_NAME"* ]] ||
    { say "expected no statement for $ROLE_NAME in the policy of key $NEW_KMS_KEY_ID, saw the principals: $principals"; return 1; }
}

before() {
  : "${NEW_KMS_KEY_ID:?}"
  local result=0
  no_node_of_the_group || result=1
  launches_fail || result=1
  key_is_enabled || result=1
  key_policy_leaves_the_role_out || result=1
  return "$result"
}

after() {
  [[ ${TEST_OUTPUT:-} == *"No resources found"* ]] ||
    { say "expected \"No resources found\" in the output of the step, saw: ${TEST_OUTPUT:-nothing}"; return 1; }
}

"$@"
