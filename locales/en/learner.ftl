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
need-observed = It is done when this call of yours succeeded: { $call }
need-self-reported = It is done when you say so: nothing can be seen of it.
way-show = what the lesson says
way-check = where this stands, and what stands in the way
way-answer = state what you found
way-answer-value = ANSWER
way-run-step = have breakfix run the lesson's commands, or type them in `breakfix shell`
way-done = say that you have done it
way-hint = a hint, if you are stuck
