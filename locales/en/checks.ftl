# Checks: what is expected, what is observed, why it is so; and what helps.

# What is looked at.
check-key = key { $key }
check-nodegroup = node group { $nodegroup }
check-the-nodes-of = nodes of { $nodegroup }
check-the-nodes-with = nodes with { $selector }
check-policy-of-key = the policy of the key { $key }
check-grants-of-key = the grants of the key { $key }
check-launches-of = what the node group { $nodegroup } launches
check-activities-of = scaling activities of { $nodegroup }
check-volume-defaults = the account's defaults for volumes
check-unread = { $what }: { $why }
check-unobserved = { $what }: not observed
check-exists = { $what } exists
check-gone = it does not exist

# Of several checks.
check-both = { $first } and { $second }
check-either = { $first } or { $second }
check-besides = { $first }; { $second }
check-not = not so: { $stated }
check-it-is-so = it is so

# Keys.
check-may-use = { $principal } may use the key for { $purpose }
check-may-use-key = { $principal } may use the key { $key } for { $purpose }
check-new-volumes = new volumes
check-missing = missing: { $actions }
check-no-principal = { $principal } is no principal's ARN
check-left-to-identity = the key policy leaves { $actions } to the identity policies of { $principal }, which are not read
check-key-is = the key is { $state }
check-key-in-state = the key { $key } is { $state }
check-key-to-be-deleted = a key that is to be deleted serves nobody, whatever its policy says; when the deletion is cancelled, the key is Disabled
check-key-not-enabled = a key that is not enabled serves nobody, whatever its policy says
check-awaiting-key = the key, which is { $state }
check-key-not-public = nobody outside the account can use the key { $key }
check-not-public = nobody outside the account can use the key
check-policy-open = the key policy is open
check-keeps = { $principal }, as an administrator, keeps { $actions } on the key
check-lost = lost: { $actions }

# What is launched.
check-would-start = a fresh instance of the node group { $nodegroup } would start
check-would-not-start = a fresh instance of { $nodegroup } would not start: { $why }
check-launch-suspended = Auto Scaling's Launch process is suspended
check-volumes-to-be-encrypted = its volumes are to be encrypted with { $key }
check-key-of-other-region = the key is of { $region }, and a volume of { $own } needs one of its own region
check-volumes-key-gone = its volumes' key { $key } does not exist
check-volumes-key = its volumes' key is { $key }: { $observed }
check-not-symmetric = it is no symmetric encryption key
check-root-encrypted-with = the root volume is encrypted with { $key }
check-roots-encrypted-with = root volumes of the node group { $nodegroup } are encrypted with { $key }
check-encrypted-with = it is encrypted with { $key }
check-root-unsaid = the launch template says nothing about the root volume
check-root-default-key = it is encrypted with the account's default key
check-root-plain = the root volume is not encrypted

# Scaling activities.
check-launches = at least { $count } { $count ->
    [one] launch
   *[other] launches
} of { $nodegroup } { $status }
check-scaling-activities = at least { $count } { $count ->
    [one] scaling activity
   *[other] scaling activities
} of { $nodegroup } { $status }
check-since-injection = { $states } since the scenario began
check-no-activity = none yet
check-activities = { $count }; the latest is { $status }: { $description }
check-no-baseline = it was not recorded which scaling activities of { $nodegroup } were there before

# Node groups.
check-nodegroup-is = the node group { $nodegroup } is { $expected }
check-health = { $status } { $issues }
check-without-issues = without issues
check-with = with { $what }
check-of-version = of launch template version { $version }
check-without-template = without a launch template of its own
check-desired-size = desired size { $size }
check-minimum-size = minimum size { $size }
check-maximum-size = maximum size { $size }

# Nodes.
check-there-is = there is { $nodes }
check-no-node-of = no node of { $nodegroup }
check-no-node-with = no node with { $selector }
check-ready-nodes-of = at least { $count } Ready { $count ->
    [one] node
   *[other] nodes
} of { $nodegroup }
check-ready-nodes-with = at least { $count } Ready { $count ->
    [one] node
   *[other] nodes
} with { $selector }
check-nodes-of = exactly { $count } { $count ->
    [one] node
   *[other] nodes
} of { $nodegroup }
check-nodes-with = exactly { $count } { $count ->
    [one] node
   *[other] nodes
} with { $selector }
check-none = none
check-node-silent = { $node } NotReady: its kubelet has stopped reporting
check-kubelet-silent = a kubelet has stopped reporting
check-desired-is = the desired size of { $nodegroup } is { $size }

# What is awaited, and how long it usually takes.
check-awaiting-update = the node group { $nodegroup }, which is { $status }
check-awaiting-launch = the launch that Auto Scaling has begun for { $nodegroup } ({ $status })
check-awaiting-retry = Auto Scaling's next launch for { $nodegroup }, which would succeed now: it tries again by itself, or at once when the desired size is set to 0 and back to { $desired }
check-awaiting-first-launch = Auto Scaling's first launch for { $nodegroup }
check-awaiting-join = the instance that was launched for { $nodegroup } to join the cluster
check-awaiting-recovery = EKS's next look at the node group { $nodegroup }, which launches again
check-awaiting-ready = a node to become Ready: { $nodes }
check-awaiting-drain = nodes of { $nodegroup } to be drained and taken away
check-typical-creating = 2 to 4 minutes
check-typical-updating = up to a minute; several where machines are replaced
check-typical-launch = 30 to 60 seconds
check-typical-retry = minutes: the longer launches have failed, the rarer they are tried
check-typical-first-launch = seconds
check-typical-seconds = seconds
check-typical-minutes = 1 to 2 minutes
check-typical-drain = 1 to 3 minutes; up to 15 where Pods cannot be evicted

# Where to look.
advice-look-for = Look for { $what } in the account and region of the session.
advice-look-at-key = Look at the key { $key }: its state.
advice-look-at-policy = Look at the policy of the key { $key }.
advice-look-at-access = Look at the policy and the grants of the key { $key }: who may do what, under which conditions.
advice-look-at-template = Look at the launch template version that the node group { $nodegroup } uses: the block devices in it, and the key that they name.
advice-look-at-activities = Look at the scaling activities of the Auto Scaling group of { $nodegroup }: the newest one and its status message.
advice-look-at-health = Look at the node group { $nodegroup }: its status and its health issues.
advice-look-at-size = Look at the node group { $nodegroup }: its scaling configuration.
advice-look-at-processes = Look at the Auto Scaling group of { $nodegroup }: its suspended processes.
advice-look-at-nodes = Look at the { $nodes }: their conditions, and what their kubelets say.

# What kind of repair the reason asks for.
advice-gone = Nothing repairs what is gone: make it again under its name, or begin anew with `breakfix finish` and `breakfix start`.
advice-beyond-repair = A node group that is { $status } does not come back: make it anew, or begin anew with `breakfix finish` and `breakfix start`.
advice-not = This has to stop being so: { $stated }.
advice-symptom = This shows while the scenario is broken; a repair makes it go.

advice-enable = Enable the key: while it is disabled, no statement and no grant helps.
advice-cancel-deletion = Cancel the deletion. The key is Disabled after that, so it has to be enabled, too.
advice-import-material = The key waits for its key material: import it.
advice-connect-key-store = The key store of the key cannot be reached: connect it again.
advice-make-enabled = The key is { $state }, and has to become Enabled: until then no statement and no grant helps.
advice-other-state = The key has to become { $state }.

advice-allow = A statement of the key policy, or a grant, has to allow { $principal } { $actions }.
advice-leave-to-account = A statement has to leave the key to the account (with the account's root as principal), or to allow { $principal } { $actions } by name.
advice-spare = { $statement } denies { $actions }. No Allow and no grant outweighs a Deny: it has to spare { $principal }, or to go.
advice-grants-only = The condition { $key } of { $statement } can hold only for requests about grants: { $actions } need a statement without it.
advice-never-carried = These requests carry no { $key }, so that the condition on it in { $statement } never holds: { $actions } need a statement without it.
advice-admit = The condition { $key } of { $statement } has to admit { $has }: that is how { $actions } are asked for.
advice-more-actions = { $statement } reaches { $principal }, but not with every action: { $actions } have to be allowed, too, there or in a statement beside it.
advice-resource = In a key policy the Resource is the key itself: { $statement } has to say "*", or the ARN of this key (an alias is none).
advice-add-element = { $statement } needs the element { $element } to have an effect.
advice-not-as-service = { $statement } is for { $others }, but nobody calls as that service: the calls come as the role { $principal }. Name the role as the principal for { $actions }.
advice-other-principal = { $statement } is for { $others }, but the calls come as { $principal }: a statement, or a grant, has to allow { $actions } to that one.
advice-grant-more = The grant { $grant } cannot be changed: another one, or a statement of the key policy, has to allow { $principal } { $actions }, too.
advice-grant-more-for-child = Whoever makes grants by the power of a grant can pass on only what that one lists: the grant { $grant } has to be replaced by one that lists { $operation } as well.
advice-grant-unconstrained = The grant { $grant } is limited to one encryption context, and every new volume has its own: a grant without that constraint is needed.
advice-narrow = { $statement } lets everybody in. Name the principals that need the key, or add a condition that only callers of account { $account } meet.

advice-resume = Somebody has suspended the process Launch: resume it.
advice-name-key = A version of the launch template has to name { $key }, and the node group { $nodegroup } has to use that version.
advice-key-of-region = a key of the cluster's own region
advice-key-that-exists = a key that exists
advice-symmetric-key = a symmetric encryption key
advice-key-named = the key { $key }
advice-update-version = Update the node group { $nodegroup } to version { $version } of its launch template.
advice-size = The node group { $nodegroup } has to have this: { $size }.
advice-larger = Nobody asks for a node: set the desired size of { $nodegroup } to at least { $wanted }, and its maximum too if that is lower.
advice-try-again = Nothing keeps an instance from starting now. Wait until Auto Scaling tries again, or make it try at once: set the desired size of { $nodegroup } to 0 and back to { $desired }.
advice-issues = Each health issue names its cause: repair that. EKS looks again by itself.

advice-fewer = The node group { $nodegroup } has more nodes than it should: set its desired size to { $wanted }.
advice-find-group = Find out by their labels which node group these nodes belong to, and how many it asks for.
advice-lost-node = The instance or its kubelet has stopped: look at the instance of the node. Terminated instances are replaced by their node group.
advice-unready-node = What keeps a node from being Ready stands in its conditions: repair what they name.
advice-unjoined = Instances of { $nodegroup } start, but none joins the cluster: look at their network, their role and what they write at boot. After the repair the node group has to launch a new one: set its desired size to 0 and back.
