# What learners are told: the verbs of a session.
