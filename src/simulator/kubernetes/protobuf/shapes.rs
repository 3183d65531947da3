//! The messages that clients send: numbers and names of fields, from Kubernetes' `generated.proto` files. What a client's
//! own commands never fill in is not here, and is refused when it comes.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Left out when empty, as Go does.
    Text,
    /// A number; left out when zero.
    Number,
    /// A number behind a pointer: zero says something.
    Count,
    Truth,
    One(Fields),
    /// A message whose fields stand beside its siblings' in JSON.
    Inline(Fields),
    Texts,
    Many(Fields),
    TextMap,
    BytesMap,
    QuantityMap,
    IntOrText,
    Time,
    /// What the server alone writes.
    Ignored,
}

pub(super) type Fields = &'static [(u64, &'static str, Shape)];

use Shape::{
    BytesMap, Count, Ignored, Inline, IntOrText, Many, Number, One, QuantityMap, Text, TextMap,
    Texts, Time, Truth,
};

/// The fields of a kind's message.
pub(super) fn of(kind: &str) -> Option<Fields> {
    Some(match kind {
        "SelfSubjectAccessReview" => {
            &[(1, "", Ignored), (2, "spec", One(ACCESS)), (3, "", Ignored)]
        }
        "SelfSubjectRulesReview" => &[
            (1, "", Ignored),
            (2, "spec", One(&[(1, "namespace", Text)])),
            (3, "", Ignored),
        ],
        "SelfSubjectReview" => &[(1, "", Ignored), (2, "", Ignored)],
        "Namespace" => &[META, (2, "", Ignored), (3, "", Ignored)],
        "ConfigMap" => &[
            META,
            (2, "data", TextMap),
            (3, "binaryData", BytesMap),
            (4, "immutable", Truth),
        ],
        "Secret" => &[
            META,
            (2, "data", BytesMap),
            (3, "type", Text),
            (4, "stringData", TextMap),
            (5, "immutable", Truth),
        ],
        "ServiceAccount" => &[META],
        "Service" => &[META, (2, "spec", One(SERVICE)), (3, "", Ignored)],
        "Pod" => &[META, (2, "spec", One(POD)), (3, "", Ignored)],
        "Deployment" => &[META, (2, "spec", One(DEPLOYMENT)), (3, "", Ignored)],
        "Job" => &[META, (2, "spec", One(JOB)), (3, "", Ignored)],
        "CronJob" => &[META, (2, "spec", One(CRON_JOB)), (3, "", Ignored)],
        "PodDisruptionBudget" => &[META, (2, "spec", One(BUDGET)), (3, "", Ignored)],
        "PriorityClass" => &[
            META,
            (2, "value", Count),
            (3, "globalDefault", Truth),
            (4, "description", Text),
            (5, "preemptionPolicy", Text),
        ],
        "ResourceQuota" => &[META, (2, "spec", One(QUOTA)), (3, "", Ignored)],
        "Role" => &[META, (2, "rules", Many(RULE))],
        "ClusterRole" => &[
            META,
            (2, "rules", Many(RULE)),
            (3, "aggregationRule", One(AGGREGATION)),
        ],
        "RoleBinding" | "ClusterRoleBinding" => &[
            META,
            (2, "subjects", Many(SUBJECT)),
            (3, "roleRef", One(ROLE_REFERENCE)),
        ],
        "Ingress" => &[META, (2, "spec", One(INGRESS)), (3, "", Ignored)],
        "Eviction" => &[META, (2, "deleteOptions", One(DELETE_OPTIONS))],
        "DeleteOptions" => DELETE_OPTIONS,
        "Scale" => &[
            META,
            (2, "spec", One(&[(1, "replicas", Count)])),
            (3, "", Ignored),
        ],
        _ => return None,
    })
}

const META: (u64, &str, Shape) = (1, "metadata", One(METADATA));

const METADATA: Fields = &[
    (1, "name", Text),
    (2, "generateName", Text),
    (3, "namespace", Text),
    (4, "", Ignored),
    (5, "uid", Text),
    (6, "resourceVersion", Text),
    (7, "generation", Number),
    (8, "creationTimestamp", Time),
    (11, "labels", TextMap),
    (12, "annotations", TextMap),
    (
        13,
        "ownerReferences",
        Many(&[
            (1, "kind", Text),
            (3, "name", Text),
            (4, "uid", Text),
            (5, "apiVersion", Text),
            (6, "controller", Truth),
            (7, "blockOwnerDeletion", Truth),
        ]),
    ),
    (14, "finalizers", Texts),
    (17, "", Ignored),
];

const ACCESS: Fields = &[
    (
        1,
        "resourceAttributes",
        One(&[
            (1, "namespace", Text),
            (2, "verb", Text),
            (3, "group", Text),
            (4, "version", Text),
            (5, "resource", Text),
            (6, "subresource", Text),
            (7, "name", Text),
        ]),
    ),
    (
        2,
        "nonResourceAttributes",
        One(&[(1, "path", Text), (2, "verb", Text)]),
    ),
];

const SELECTOR: Fields = &[
    (1, "matchLabels", TextMap),
    (
        2,
        "matchExpressions",
        Many(&[
            (1, "key", Text),
            (2, "operator", Text),
            (3, "values", Texts),
        ]),
    ),
];

const DEPLOYMENT: Fields = &[
    (1, "replicas", Count),
    (2, "selector", One(SELECTOR)),
    (3, "template", One(TEMPLATE)),
    (4, "strategy", One(&[(1, "type", Text)])),
    (5, "minReadySeconds", Number),
    (6, "revisionHistoryLimit", Count),
    (7, "paused", Truth),
    (9, "progressDeadlineSeconds", Count),
];

const TEMPLATE: Fields = &[META, (2, "spec", One(POD))];

const POD: Fields = &[
    (2, "containers", Many(CONTAINER)),
    (3, "restartPolicy", Text),
    (4, "terminationGracePeriodSeconds", Count),
    (5, "activeDeadlineSeconds", Count),
    (6, "dnsPolicy", Text),
    (7, "nodeSelector", TextMap),
    (8, "serviceAccountName", Text),
    (9, "serviceAccount", Text),
    (10, "nodeName", Text),
    (11, "hostNetwork", Truth),
    (12, "hostPID", Truth),
    (13, "hostIPC", Truth),
    (14, "securityContext", One(&[])),
    (19, "schedulerName", Text),
    (20, "initContainers", Many(CONTAINER)),
    (24, "priorityClassName", Text),
];

const CONTAINER: Fields = &[
    (1, "name", Text),
    (2, "image", Text),
    (3, "command", Texts),
    (4, "args", Texts),
    (5, "workingDir", Text),
    (
        6,
        "ports",
        Many(&[
            (1, "name", Text),
            (2, "hostPort", Number),
            (3, "containerPort", Count),
            (4, "protocol", Text),
            (5, "hostIP", Text),
        ]),
    ),
    (7, "env", Many(&[(1, "name", Text), (2, "value", Text)])),
    (
        8,
        "resources",
        One(&[(1, "limits", QuantityMap), (2, "requests", QuantityMap)]),
    ),
    (13, "terminationMessagePath", Text),
    (14, "imagePullPolicy", Text),
    (16, "stdin", Truth),
    (17, "stdinOnce", Truth),
    (18, "tty", Truth),
    (20, "terminationMessagePolicy", Text),
];

const SERVICE: Fields = &[
    (
        1,
        "ports",
        Many(&[
            (1, "name", Text),
            (2, "protocol", Text),
            (3, "port", Count),
            (4, "targetPort", IntOrText),
            (5, "nodePort", Number),
        ]),
    ),
    (2, "selector", TextMap),
    (3, "clusterIP", Text),
    (4, "type", Text),
    (5, "externalIPs", Texts),
    (7, "sessionAffinity", Text),
    (8, "loadBalancerIP", Text),
    (10, "externalName", Text),
    (11, "externalTrafficPolicy", Text),
    (12, "healthCheckNodePort", Number),
    (13, "publishNotReadyAddresses", Truth),
];

const JOB: Fields = &[
    (1, "parallelism", Count),
    (2, "completions", Count),
    (3, "activeDeadlineSeconds", Count),
    (4, "selector", One(SELECTOR)),
    (5, "manualSelector", Truth),
    (6, "template", One(TEMPLATE)),
    (7, "backoffLimit", Count),
    (8, "ttlSecondsAfterFinished", Count),
];

const CRON_JOB: Fields = &[
    (1, "schedule", Text),
    (2, "startingDeadlineSeconds", Count),
    (3, "concurrencyPolicy", Text),
    (4, "suspend", Truth),
    (5, "jobTemplate", One(&[META, (2, "spec", One(JOB))])),
    (6, "successfulJobsHistoryLimit", Count),
    (7, "failedJobsHistoryLimit", Count),
    (8, "timeZone", Text),
];

const BUDGET: Fields = &[
    (1, "minAvailable", IntOrText),
    (2, "selector", One(SELECTOR)),
    (3, "maxUnavailable", IntOrText),
];

const QUOTA: Fields = &[(1, "hard", QuantityMap), (2, "scopes", Texts)];

const RULE: Fields = &[
    (1, "verbs", Texts),
    (2, "apiGroups", Texts),
    (3, "resources", Texts),
    (4, "resourceNames", Texts),
    (5, "nonResourceURLs", Texts),
];

const AGGREGATION: Fields = &[(1, "clusterRoleSelectors", Many(SELECTOR))];

const SUBJECT: Fields = &[
    (1, "kind", Text),
    (2, "apiGroup", Text),
    (3, "name", Text),
    (4, "namespace", Text),
];

const ROLE_REFERENCE: Fields = &[(1, "apiGroup", Text), (2, "kind", Text), (3, "name", Text)];

const BACKEND: Fields = &[(
    4,
    "service",
    One(&[
        (1, "name", Text),
        (2, "port", One(&[(1, "name", Text), (2, "number", Number)])),
    ]),
)];

const INGRESS: Fields = &[
    (1, "defaultBackend", One(BACKEND)),
    (
        2,
        "tls",
        Many(&[(1, "hosts", Texts), (2, "secretName", Text)]),
    ),
    (
        3,
        "rules",
        Many(&[
            (1, "host", Text),
            (
                2,
                "",
                Inline(&[(
                    1,
                    "http",
                    One(&[(
                        1,
                        "paths",
                        Many(&[
                            (1, "path", Text),
                            (2, "backend", One(BACKEND)),
                            (3, "pathType", Text),
                        ]),
                    )]),
                )]),
            ),
        ]),
    ),
    (4, "ingressClassName", Text),
];

const DELETE_OPTIONS: Fields = &[
    (1, "gracePeriodSeconds", Count),
    (
        2,
        "preconditions",
        One(&[(1, "uid", Text), (2, "resourceVersion", Text)]),
    ),
    (3, "orphanDependents", Truth),
    (4, "propagationPolicy", Text),
    (5, "dryRun", Texts),
];
