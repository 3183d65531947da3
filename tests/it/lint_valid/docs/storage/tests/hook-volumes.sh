set -Eeuo pipefail

before() {
  echo "noop"
}

after() {
  if [[ $TEST_OUTPUT != *"catalog-mysql"* ]]; then
    >&2 echo "expected catalog-mysql, got $TEST_OUTPUT in ${EKS_CLUSTER_NAME:-no cluster}"
    exit 1
  fi
}

"$@"
