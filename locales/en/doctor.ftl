# `doctor`, and how to set a shell up.
completions-where = Add this line to { $file }, then open a new { $shell }.

doctor-ok = ok
doctor-to-mend = to mend
doctor-cannot-tell = cannot tell
doctor-advice = what to do: { $advice }
doctor-summary = { $ok } ok, { $mend } to mend, { $unknown } that cannot be told
doctor-failed = { $why }
doctor-look-yourself = look for yourself
doctor-network = see whether this machine reaches AWS (network, proxy, VPN), and try again

doctor-tool-missing = not on the PATH
doctor-tool-there = { $path }
doctor-tool-version = { $version } ({ $path })
doctor-tool-failed = { $path } does not work: { $why }
doctor-tool-silent = { $path } did not say its version within { $seconds } s
doctor-tool-no-version = { $path } does not say its version
doctor-tool-try = try `{ $command }`
doctor-install = install it, or put it on the PATH
doctor-install-aws = install the AWS CLI (`pip install awscli`, or https://aws.amazon.com/cli/)
doctor-install-kubectl = install kubectl (https://kubernetes.io/docs/tasks/tools/)
doctor-install-package = install { $name } from your system's packages (apt, dnf, brew)
doctor-bash-old = install bash 4 or newer (macOS brings 3.2: `brew install bash`), and put it first on the PATH
doctor-aws-old = use version 1.29, 2.13 or newer: older ones do not honour AWS_ENDPOINT_URL and would call the real AWS

doctor-state-title = state
doctor-state = { $path }, { $megabytes } MB free
doctor-state-missing = nothing of { $path } is there
doctor-state-unwritable = { $path } cannot be written: { $why }
doctor-state-space = { $path } can be written; how much room is left cannot be found out: { $why }
doctor-state-advice = make { $path } writable for you, or set XDG_STATE_HOME to a directory that is
doctor-state-full = make room: a session needs up to 100 MB
doctor-port-title = port
doctor-port = a port of the loopback interface can be opened
doctor-port-refused = no port of the loopback interface can be opened: { $why }
doctor-port-advice = let programs listen on 127.0.0.1: a firewall or a sandbox forbids it
doctor-simulator-title = simulator
doctor-simulator = starts and answers
doctor-simulator-silent = does not answer: { $why }
doctor-no-answer = no answer within { $seconds } s
doctor-simulator-advice = see whether a firewall, proxy or sandbox stands between programs on 127.0.0.1; else report it with the output of `breakfix -v doctor`
doctor-clock-title = clock
doctor-clock = goes steadily
doctor-clock-past = shows a time before 2025
doctor-clock-set = was set while doctor looked
doctor-clock-advice = let the clock be set by NTP (`timedatectl set-ntp true`): AWS refuses requests whose time is off by more than five minutes
doctor-locale-title = locale
doctor-locale-other = { $locale } is not UTF-8
doctor-locale-none = no locale is set
doctor-locale-advice = set a UTF-8 locale: `export LANG=C.UTF-8`
doctor-terminal-title = terminal
doctor-terminal = { $columns } columns
doctor-terminal-narrow = make it wider: lessons read well from 80 columns on
doctor-terminal-none = stdout is no terminal: nothing is coloured or redrawn
doctor-terminal-unknown = does not say how wide it is; 100 columns are used

doctor-sessions-title = sessions
doctor-sessions-none = none is open
doctor-sessions = { $count ->
    [one] one is open
   *[other] { $count } are open
 }: { $ids }
doctor-sessions-abandoned = { $count ->
    [one] one was killed before it had begun
   *[other] { $count } were killed before they had begun
 }
doctor-sessions-clear = `breakfix sessions` clears that away
doctor-session-unreadable = { $session } cannot be read: { $why }
doctor-session-unreadable-advice = if it was on a real account, `breakfix reap` takes back what it made; then remove { $path }
doctor-session-over = { $session } was to live until { $at }
doctor-session-over-advice = `breakfix finish --session { $session }` takes everything back, `breakfix extend --session { $session }` lets it live on

doctor-identity-title = identity
doctor-identity = { $arn }
doctor-identity-other = these are not account { $account }'s credentials: use that one's (AWS_PROFILE, `aws sso login`), or name the account that you mean
doctor-identity-root = use the credentials of a role or a user: no lab needs the account's root
doctor-identity-advice = get credentials: `aws sso login`, `aws configure`, or AWS_PROFILE for a profile that has them
doctor-not-asked = not asked
doctor-identity-first = mend the identity first
doctor-server-clock-title = clock at AWS
doctor-server-clock = this machine's is { $seconds } s off
doctor-cluster-title = cluster
doctor-cluster = { $cluster } in { $region } allows labs
doctor-cluster-missing = there is no cluster { $cluster } in { $region }
doctor-cluster-missing-advice = `{ $command }` lists those that there are; name it with --cluster, and its region with --region
doctor-cluster-unknown-advice = give the identity the policy in docs/real-account.md, or ask somebody who may describe the cluster
doctor-cluster-production = { $cluster } is tagged env={ $environment }
doctor-cluster-production-advice = use another cluster: labs break things
doctor-cluster-closed = { $cluster } does not allow labs
doctor-cluster-closed-advice = its owner can allow them: { $command }
doctor-neighbour-title = node group
doctor-neighbour = there is one to take subnets and role from ({ $role })
doctor-neighbour-advice = make a managed node group in the cluster: the lab's own takes over its subnets and its role
doctor-kubernetes-title = Kubernetes
doctor-kubernetes = the cluster's API answers, and shows nodes
doctor-kubernetes-advice = make an access entry for this identity in { $cluster }, with the policy AmazonEKSViewPolicy
doctor-kubernetes-unknown-advice = see whether this machine reaches the cluster's endpoint: a private one needs the VPC's network
doctor-permissions-title = permissions
doctor-permissions = the identity's policies allow what labs need ({ $count } actions; service control policies may still forbid something)
doctor-permissions-missing = the identity's policies do not allow: { $actions }
doctor-permissions-advice = give it the policy in docs/real-account.md
doctor-permissions-unknown = { $why }
doctor-permissions-unknown-advice = compare the policies of { $arn } with docs/real-account-policy.json, or ask somebody who may call iam:SimulatePrincipalPolicy. `breakfix start` shows its plan first, and takes back what it has made when something is denied
