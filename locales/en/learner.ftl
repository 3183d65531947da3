# What learners are told: where they stand, and what helps them on.

grade-self-reported = done, as you say
grade-observed = observed
grade-answered = answered
grade-verified = verified
step-lapsed = was verified, is not so any more
step-current = you are here
step-open = open
step-assisted = assisted
step-resource-unseen = on which resource was not seen
step-hints = { $count ->
    [one] 1 hint
   *[other] { $count } hints
}
step-done = step { $step } is done ({ $grade }): { $title }
step-unknown = there is no step { $step }; there are: { $known }
step-has-parts = step { $step } has parts: { $parts }

status-session = session { $id } on { $place }, until { $until }
status-invariant-broken = A repair must not break this: { $title }. `breakfix check` says what is wrong.
status-nothing = breakfix runs break/fix labs: it breaks an environment on purpose, and you find out why and repair it.
status-start = begin a lab
status-list = which labs there are
status-doctor = whether this machine has what labs need
status-help = everything else
progress-counts = { $done } of { $total } steps done: { $verified } verified, { $answered } answered, { $observed } observed, { $reported } self-reported.
progress-assisted = { $count ->
    [one] One of them was assisted.
   *[other] { $count } were assisted.
}

next-step = Next: step { $step }, { $title }
next-finish = Everything is done. `breakfix report` writes it down, `breakfix finish` takes everything back.
need-verified = It is done when breakfix sees that this holds:
need-met = yes
need-not-met = not yet
need-answered = To find out: { $question }
need-observed = It is done when a call of yours like this succeeds from now on, by whatever client: { $call }
need-self-reported = It is done when you say so: nothing can be seen of it.
way-show = what the lesson says
way-check = where this stands, and what stands in the way
way-answer = state what you found
way-answer-value = ANSWER
way-run-step = have breakfix run the lesson's commands, or type them in `breakfix shell`
way-done = say that you have done it
way-hint = a hint, if you are stuck

run-step-nothing = step { $step } has no commands in the lesson
run-step-preview = Step { $step }, { $title }. These commands will run in the session's environment:
run-step-ask = Some of them change something. Run them?
run-step-ran = the commands of step { $step } ran
run-step-failed = step { $step } stopped: { $why }
run-step-exit = a command ended with exit code { $code }
run-step-limit = time ran out after { $seconds } s
run-step-interrupted = interrupted: `breakfix run-step { $step }` runs the step again

answer-not-asked = step { $step } asks for no answer; these do: { $asking }
answer-cannot-tell = cannot tell whether that is right: { $why }
answer-right = That is right: { $value }. Step { $step } is done.
answer-near = “{ $said }” is { $what }. What is asked for is to be seen here: { $look }.
answer-of-another = the answer to another question ({ $question })
answer-wrong = That is not it. It is to be seen here: { $look }.

hint-heading = Step { $step }, hint { $rung } of { $of }: { $name }
hint-where = where to look
hint-what = what is to be seen
hint-how = how it is done
hint-solution = the solution
hint-more = Still stuck? `breakfix hint` tells more. Hints cost nothing.
hint-last = That was the last hint. `breakfix solve --to { $step }` does it for you.
hint-read = Read what the lesson says: `breakfix show { $step }`.
hint-nothing = Nothing stands in the way of step { $step } any more: `breakfix check { $step }`.
hint-condition = This has to hold: { $title }.
hint-observed = “{ $title }” does not hold: { $observed }.
hint-awaiting = “{ $title }” does not hold yet. What is awaited: { $awaiting }.
hint-cannot-tell = It cannot be told whether “{ $title }” holds: { $why }.
hint-lesson = The lesson says where: `breakfix show { $step }`.
hint-look = Look here: { $look }.
hint-call = This call shows it: { $call }.
hint-commands = The lesson does it like this:
hint-answer = The answer is { $value }: `breakfix answer { $step } { $value }`.
hint-run-step = `breakfix run-step { $step }` makes the call with you watching.
hint-solution-script = This repairs it:
hint-solve = `breakfix solve --to { $step }` repairs it for you.

way-session = Session { $id } on { $place }, begun { $begun }, { $since } ago.
way-step = Step
way-evidence = Evidence
way-hints = Hints
way-checks = Checks
way-met = met
way-not-yet = not yet
way-not-met = not met
way-cannot-tell = cannot tell

watch-keys = [c] check again  [n] what is next  [h] hint  [r] run the step  [q] quit
watch-any-key = Press any key to go back.

step-stands = Step { $step }, { $title }: { $state }
done-is-verified = breakfix sees for itself whether step { $step } is done: `breakfix check { $step }`
done-is-answered = step { $step } asks for an answer: `breakfix answer { $step } ANSWER`

solve-ask = This changes the account. Do it?
solve-done = everything up to step { $step } is done
solve-not-yet = the solution is applied, and something up to step { $step } is still on its way: `breakfix check { $step } --wait 5m`
solve-interrupted = interrupted: `breakfix solve --to { $step }` goes on
solve-did = Done for you:
