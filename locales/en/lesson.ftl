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
