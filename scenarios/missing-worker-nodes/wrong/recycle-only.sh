#!/usr/bin/env bash
# A wrong fix: launch again and change nothing. ACTIVE at a desired size of 0 looks like success; the next launch fails like the first.
set -Eeuo pipefail
export AWS_DEFAULT_REGION="${AWS_REGION:?}" AWS_PAGER=""

scale_to() {
  aws eks update-nodegroup-config --cluster-name "${EKS_CLUSTER_NAME:?}" --nodegroup-name new_nodegroup_1 \
    --scaling-config "desiredSize=$1"
}

scale_to 0
aws eks wait nodegroup-active --cluster-name "$EKS_CLUSTER_NAME" --nodegroup-name new_nodegroup_1
# No wait after this one: the launch fails again, and the waiter goes on for 40 minutes when a group is DEGRADED.
scale_to 1
