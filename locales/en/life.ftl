# A session between its beginning and its end: reset, pause, resume, extend, shell.

life-reset =
    session { $session } is back to the broken state of { $scenario }, with new resources
    evaluate "$(breakfix env)" again in each terminal: ids have changed
life-paused = session { $session } is paused: its time stands still and nothing runs; `breakfix resume` goes on
life-paused-account =
    session { $session } is paused: its node groups are scaled to 0, and no node costs anything by the hour
    a real account cannot stand still: the cluster and the KMS key go on, and after more than 7 days `breakfix reap` may take what is there; `breakfix resume` goes on
life-paused-already = session { $session } is paused already; `breakfix resume` goes on
life-resumed = session { $session } goes on where it was paused, and lives until { $until }
life-resumed-account =
    session { $session } goes on, and lives until { $until }
    its node groups have their sizes again; it may take EKS some minutes to tell their state
life-not-paused = session { $session } is not paused
life-is-paused = error: session { $session } has been paused since { $at }: `breakfix resume` goes on with it, `breakfix finish` takes everything back
life-extended = session { $session } lives until { $until }
life-extended-already = session { $session } lives until { $until } already, which is longer
life-in-shell = this shell is in session { $session } already
life-interrupted = interrupted: `breakfix { $verb } --session { $session }` goes on
life-observed =
    While the session is open, breakfix notices which AWS operations the `aws` command calls in terminals that have its environment: service, operation, time, and whether it succeeded.
    Parameters, answers and credentials are never kept. --observe=off turns that off.

reset-confirm = Take everything back, and make all this anew?

reset-removing = removing: { $what }
