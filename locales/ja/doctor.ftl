# `doctor`, and how to set a shell up.
completions-where = この行を { $file } に追加して、{ $shell } を開き直してください。
