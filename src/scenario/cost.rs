//! What changes cost while they are there, about: prices of us-west-2, which differ little elsewhere.

use super::Change;

/// Of an hour, in US dollars.
const KEY: f64 = 1.0 / 730.0;
const INSTANCES: [(&str, f64); 9] = [
    ("t3.micro", 0.0104),
    ("t3.small", 0.0208),
    ("t3.medium", 0.0416),
    ("t3.large", 0.0832),
    ("t4g.medium", 0.0336),
    ("m5.large", 0.096),
    ("m5.xlarge", 0.192),
    ("m6i.large", 0.096),
    ("m7g.large", 0.0816),
];
/// Of what is not in the list: rather too much than too little.
const OTHER: f64 = 0.2;

/// What a change costs per hour in US dollars; `None` where it costs nothing that we know of. Of a node group as much
/// as its largest size, of the instance type that `among` says.
pub fn hourly_usd(change: &Change, among: &[Change]) -> Option<f64> {
    match change {
        Change::KmsKey(_) => Some(KEY),
        Change::Nodegroup(group) => {
            let instance_type = among.iter().find_map(|other| match other {
                Change::LaunchTemplate(template) if group.template.contains(&template.id) => {
                    Some(template.instance_type.as_str())
                }
                _ => None,
            });
            let known = INSTANCES
                .iter()
                .find(|(name, _)| Some(*name) == instance_type);
            Some(known.map_or(OTHER, |(_, usd)| *usd) * f64::from(group.max))
        }
        _ => None,
    }
}
