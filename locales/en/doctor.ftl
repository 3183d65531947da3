# `doctor`, and how to set a shell up.
completions-where = Add this line to { $file }, then open a new { $shell }.
