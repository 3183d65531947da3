# A lesson in the terminal: `show`, and the list of scenarios.
lesson-note = Note
lesson-tip = Tip
lesson-info = Info
lesson-warning = Warning
lesson-caution = Caution
lesson-danger = Danger
lesson-label = { $label }:{ " " }
lesson-image = Image
lesson-details = More
lesson-quote = Quote
lesson-command = Command
lesson-output = Output
lesson-text = Text
lesson-code = Code
lesson-code-in = Code, { $language }
lesson-console = AWS console
lesson-required-time = Time needed: about { $minutes } minutes
lesson-none = the scenario { $scenario } has no lesson
lesson-no-session = there is no session: `breakfix start SCENARIO` begins one, and `breakfix show --scenario SCENARIO` shows a lesson without one. `breakfix list` names the scenarios
lesson-no-step = the lesson has no step { $step }; it has: { $steps }

list-empty = There is no scenario.
list-start = `breakfix start NAME` breaks the environment for you, on the simulator unless you say otherwise; `breakfix finish` takes everything back.
list-unreadable = { $name } cannot be read: { $error }
list-faults-label = faults
list-variants = { $count ->
    [one] one
   *[other] { $count }
 }; `--variants` tells what is broken
list-variants-below = { $count ->
    [one] one
   *[other] { $count }
 }
list-variant = { $name }: { $summary }
list-cost-label = cost
list-cost = nothing on the simulator; about ${ $usd } per hour on a real account
list-cost-noted = nothing on the simulator; about ${ $usd } per hour on a real account ({ $note })
list-cost-unknown = nothing on the simulator; not known for a real account
list-simulator-only = nothing: for the simulator only
list-lesson-label = lesson
list-lesson-none = none
list-from-label = from
list-built-in = built in
list-start-label = start
lesson-other-fault = Note: the lesson tells of one fault, and this session may have another. Trust what you see, where it differs from the output that is printed here.
