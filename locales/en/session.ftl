# Sessions: begun, judged, taken back.

error = error: { $why }
error-cause = { $what }: { $why }
error-of-session = session { $id }: { $why }
did-you-mean = { $unknown }; did you mean { $nearest }?

place-simulator = the simulator
place-account = account { $account }, { $region }, cluster { $cluster }

# What is made and what is left.
left-heading = still there:
left-key = KMS key { $name }
left-alias = KMS alias { $name }
left-grant = KMS grant { $name }
left-template = launch template { $name }
left-nodegroup = node group { $name }
left-role = IAM role { $name }
left-object = Kubernetes object { $name }
left-instance = instance { $name }
left-interface = network interface { $name }
left-volume = volume { $name }
left-with-id = { $named } ({ $id })
change-grant = grant on key { $key } for { $grantee }
change-grant-revoked = revocation of a grant on key { $key }
change-key-policy = policy of key { $key }
change-key-state = state of key { $key }
change-template-version = version of launch template { $template }
change-nodegroup-template = template version of node group { $nodegroup }
change-scale = size of node group { $nodegroup }
change-objects = Kubernetes objects

# What is being done and waited for.
inject-making = making: { $what }
inject-part = making: part { $number } of the scenario
inject-not-broken = the environment did not break
inject-overdue = "{ $title }" does not show after { $seconds } s: { $why }
undo-taking-back = taking back: { $what }
undo-kept = { $what }: kept while { $blocker } is there
undo-failed = { $what }: { $why }
undo-unsearched = nothing that we know of, but the account could not be searched: { $why }
cloud-waiting = { $what } is { $state } for { $waited } s; typically { $typically }
cloud-left-behind = what node group { $nodegroup } leaves behind
cloud-instance = instance { $id }
cloud-interface = network interface { $id }
cloud-volume = volume { $id }
cloud-busy = busy
cloud-being-deleted = being deleted
cloud-still-there = still there ({ $what })
cloud-shutting-down = shutting down
cloud-in-use = in use
cloud-seconds = { $count } seconds
cloud-minute = 1 minute
cloud-minutes-between = { $least } to { $most } minutes
cloud-few-minutes = a few minutes

# start
plan-heading = This will be made in { $place }:
plan-with-cost = { $what }  (about ${ $usd } per hour)
plan-together = Together about ${ $usd } per hour until `breakfix finish` takes it back.
start-confirm = Make all this?
start-going-on = going on with session { $id }
start-not-broken = session { $id } is not broken as it should be: `breakfix start` goes on, `breakfix finish` takes everything back
start-interrupted = interrupted: `breakfix start` goes on with session { $id }, `breakfix finish` takes everything back
start-simulator-only = { $scenario } is for the simulator only: it would touch what others share in the account
started = { $title }: broken, session { $id } on { $place }
started-lesson = lesson
started-next = next
started-then = then
started-at-last = at last
started-env = your shell with the way there; or eval "$(breakfix env)"
started-check = says where you stand, and what is next
started-finish = takes everything back
scenario-unknown = there is no scenario "{ $name }"; there are: { $known }
variant-unknown = the scenario { $scenario } has no variant "{ $name }"; it has: { $known }
variant-twice = the variant "{ $name }" is named twice
variant-clash = the variants { $first } and { $second } cannot be combined: both say what { $value } is; combine faults of different things

# Real accounts.
account-unasked = failed to ask who these credentials are of
account-tags-unread = failed to read the cluster's tags
account-of-session = the credentials are of account { $found }, and the session is in account { $account }: use that one's
account-other = the credentials are of account { $found }, and --account says { $account }: name the account that you mean, or use its credentials
account-root = these are the credentials of the account's root user, which no lab needs: use those of a role or a user
account-no-cluster = there is no cluster { $cluster } in { $region }: name it with --cluster, and its region with --region
account-production = the cluster { $cluster } is tagged { $tag }: labs break things, use another cluster
account-not-allowed = the cluster { $cluster } does not allow labs. Whoever owns it can tag it:
    {"  "}{ $command }
confirm = { $question } [y/N]
confirm-nobody = { $question } Nobody can be asked here: say --yes
confirm-no = nothing was changed

# sessions
session-none = there is no session: `breakfix start SCENARIO` begins one
session-unknown = there is no session "{ $asked }"; there are: { $known }
session-unknown-none = there is no session "{ $asked }"; there is none: `breakfix start SCENARIO` begins one
session-several = there are several sessions, name one with --session: { $known }
sessions-none = no session is open
session-unreadable = cannot be read: { $why }
session-broken = broken, until { $until }
session-not-broken = not broken yet, `breakfix start` goes on

# check
checks-symptoms = Symptoms
checks-conditions = Conditions
checks-invariants = Invariants
checks-warning = warning:
checks-counted = { $met } of { $all } checks met
verdict-met = met
verdict-not-yet = not yet
verdict-not-met = not met
verdict-cannot-tell = cannot tell
verdict-expected = expected
verdict-observed = observed
verdict-because = because
verdict-since = for { $time } now
verdict-usually = usually { $time }
verdict-with-times = { $awaiting } ({ $times })
verdict-awaiting = not yet, awaiting { $awaiting }
verdict-expected-observed = expected { $expected }, observed { $observed }
verdict-unknown = cannot tell, { $why }
time-seconds = { $seconds } s
time-minutes = { $minutes } min { $seconds } s
time-hours = { $hours } h { $minutes } min

# finish and reap
finished = session { $id } is finished: everything is taken back, nothing is left
finished-not = session { $id } is not finished
finished-again = `breakfix finish` tries again
finish-interrupted = interrupted: `breakfix finish --session { $id }` goes on
reap-nothing = nothing to reap
reap-confirm = Remove all this?
reap-removing = removing { $what }
reaped = reaped { $count }; nothing is left

# Arguments of the command line.
argument-language = breakfix speaks en and ja
argument-account = an account id has twelve digits
argument-duration = write seconds, such as 90, or 90s, 5m, 1h

session-paused = paused, `breakfix resume` goes on

plan-for-nothing = Making this on { $place }, at no cost: { $parts }
start-clock-stays = its clock stays as it was started: { $clock }
argument-jobs = expected a number from 1 to 512, or auto
argument-shard = not one of several shards: write `1/3`, the first of three
