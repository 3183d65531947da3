# What a policy allows and why not: the words of the policy evaluator. The texts of AWS itself are not here.

policy-reason = { $told }
policy-more = { $told }; { $more }
policy-none = none
policy-both = { $first } and { $second }
policy-either = { $first } or { $second }

policy-allowed = allowed by { $by }
policy-denied = { $statement } denies { $actions } to { $caller }
policy-not-allowed = no statement allows { $actions } for { $caller }

policy-by-both = { $key } with { $identity }
policy-by-account-root = { $statement } for the root user
policy-by-grant = grant { $grant }
policy-by-being-root = being the root user

policy-statement = statement { $number }
policy-statement-sid = statement { $number } (Sid "{ $sid }")
policy-identity-statement = statement { $number } of identity policy { $policy }
policy-identity-statement-sid = statement { $number } (Sid "{ $sid }") of identity policy { $policy }

# What almost allows a request.
policy-near-conditions = { $statement } would, but its { $conditions }
policy-and-condition = { $first }, and its { $second }
policy-near-principal = { $statement } would, but it is for { $others }
policy-near-actions = { $statement } reaches the caller, but with other actions ({ $actions })
policy-near-not-action = { $statement } reaches the caller, but its NotAction leaves this action out ({ $actions })
policy-near-resource = { $statement } would, but its { $element } ({ $resources }) does not cover this key
policy-near-no-element = { $statement } has no { $element } element, so it has no effect
policy-near-identity = { $statement } leaves it to the caller's identity policies in account { $account }, and none allows it
policy-near-service-linked = { $statement } leaves it to the caller's identity policies in account { $account }, and none allows it (a service-linked role can be given none)
policy-near-other-account = { $statement } would, but the action cannot be used from another account

# Grants to the caller.
policy-grant-lacks-operation = grant { $grant } is the caller's, but it does not list { $operation }
policy-grant-lacks-child-operation = grant { $grant } is the caller's, but it does not list { $operation }, which the grant to be made needs
policy-grant-constraint-unmet = grant { $grant } is the caller's, but it has the constraint { $constraint }, which the encryption context ({ $context }) does not meet
policy-grant-constraint-loosened = grant { $grant } is the caller's, but it has the constraint { $constraint }, which the grant to be made ({ $child }) would loosen
policy-constraint = { $kind } { $pairs }
policy-no-constraint = no constraint

# Conditions.
policy-not-principal-lacks = its NotPrincipal does not list { $name }, which it has to
policy-condition-holds = its condition { $operator } { $key } ({ $values }) holds, the request has { $has }
policy-condition-fails = condition { $operator } { $key } needs { $needs }, the request has { $has }
policy-condition-fails-by-variable = condition { $operator } { $key } needs { $needs } (a policy variable in it has no value in this request), the request has { $has }
policy-needs-absent = the key to be absent
policy-needs-present = the key to be present
policy-needs-impossible = a value that an empty list cannot give
policy-needs-other = anything but { $values }

# Whom a statement names.
policy-service = the service { $name }
policy-federated = the federated { $name }
policy-canonical-user = the canonical user { $name }
policy-everybody-but = everybody but { $names }

policy-open = { $statement } allows every principal of every account, and no condition limits it to known callers (such as StringEquals kms:CallerAccount { $account })
policy-open-but-some = { $statement } allows everybody whom its NotPrincipal does not name, and no condition limits it to known callers (such as StringEquals kms:CallerAccount { $account })

# What works, but should be better.
policy-warning-create-grant = { $by } lets the Auto Scaling role create grants for anybody; add the condition Bool kms:GrantIsForAWSResource true
policy-warning-not-action = statement { $number } allows by NotAction, so also what it does not think of; list the actions
policy-warning-administration = the Auto Scaling role only uses the key, but may also { $actions }
policy-warning-documented = launches work, but the documented key policy also allows { $actions }
policy-warning-open-to-account = { $by } gives { $action } to every principal of account { $account }, without an IAM policy that says so; name the role, or add the condition StringEquals kms:ViaService ec2.{ $region }.amazonaws.com
policy-warning-no-delegation = account { $account } has no kms:PutKeyPolicy, so IAM policies cannot give access and only the principals that the key policy names can repair it
