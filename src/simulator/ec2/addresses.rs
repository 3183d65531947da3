//! Ranges of IPv4 addresses, and which addresses of a subnet are free.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::super::refusal::Refusal;
use super::super::world::World;
use super::interfaces;

/// `10.42.96.0/19`; bits behind the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    base: u32,
    prefix: u8,
}

impl Cidr {
    /// Reads `10.42.96.0/19`; `None` for what is no range of IPv4 addresses.
    pub fn parse(text: &str) -> Option<Cidr> {
        let (address, prefix) = text.split_once('/')?;
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
        let base = u32::from(address.parse::<Ipv4Addr>().ok()?) & mask(prefix);
        Some(Cidr { base, prefix })
    }

    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// How many addresses the range has.
    pub fn size(self) -> u64 {
        1 << (32 - self.prefix)
    }

    pub fn contains(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.base
    }

    /// Whether all of `other` is in this range.
    pub fn covers(self, other: Cidr) -> bool {
        self.prefix <= other.prefix && other.base & mask(self.prefix) == self.base
    }

    pub fn overlaps(self, other: Cidr) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// The address at a place of the range, counted from zero.
    fn at(self, place: u64) -> Ipv4Addr {
        Ipv4Addr::from(self.base.wrapping_add(u32::try_from(place).unwrap_or(0)))
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", Ipv4Addr::from(self.base), self.prefix)
    }
}

/// AWS keeps the first four addresses of a subnet and the last one.
const RESERVED: u64 = 5;
const FIRST_FREE: u64 = 4;

/// How many addresses of a subnet nothing holds.
pub fn available(world: &World, subnet: &str) -> u64 {
    let size = world
        .ec2
        .subnets
        .get(subnet)
        .and_then(|subnet| Cidr::parse(&subnet.cidr))
        .map_or(0, Cidr::size);
    let taken = u64::try_from(taken(world, subnet).len()).unwrap_or(u64::MAX);
    size.saturating_sub(RESERVED).saturating_sub(taken)
}

fn taken(world: &World, subnet: &str) -> BTreeSet<String> {
    interfaces::all(world)
        .into_iter()
        .filter(|interface| interface.subnet == subnet)
        .map(|interface| interface.private_ip)
        .collect()
}

/// An address of the subnet that nothing holds.
pub(super) fn free_address(world: &mut World, subnet: &str) -> Result<String, Refusal> {
    let cidr = world
        .ec2
        .subnets
        .get(subnet)
        .and_then(|subnet| Cidr::parse(&subnet.cidr))
        .filter(|_| available(world, subnet) > 0)
        .ok_or_else(|| none_free(subnet))?;
    let taken = taken(world, subnet);
    let usable = cidr.size() - RESERVED;
    let start = world.below(usable);
    (0..usable)
        .map(|step| cidr.at(FIRST_FREE + (start + step) % usable).to_string())
        .find(|address| !taken.contains(address))
        .ok_or_else(|| none_free(subnet))
}

fn none_free(subnet: &str) -> Refusal {
    Refusal::bad(
        "InsufficientFreeAddressesInSubnet",
        format!(
            "There are not enough free addresses in subnet '{subnet}' to satisfy the requested number of instances."
        ),
    )
}

/// Refuses an address that is asked for by name and cannot be had.
pub(super) fn require_free(world: &World, subnet: &str, address: &str) -> Result<(), Refusal> {
    let cidr = world
        .ec2
        .subnets
        .get(subnet)
        .and_then(|subnet| Cidr::parse(&subnet.cidr));
    let inside = match (cidr, address.parse()) {
        (Some(cidr), Ok(address)) => cidr.contains(address),
        _ => false,
    };
    if !inside {
        return Err(Refusal::bad(
            "InvalidParameterValue",
            "Address does not fall within the subnet's address range",
        ));
    }
    if taken(world, subnet).contains(address) {
        return Err(Refusal::bad(
            "InvalidIPAddress.InUse",
            format!("Address {address} is in use."),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_the_addresses_under_their_prefix() {
        let check = |range: &str, address: &str, expected: bool| {
            let cidr = Cidr::parse(range).unwrap();
            assert_eq!(
                cidr.contains(address.parse().unwrap()),
                expected,
                "{range} {address}"
            );
        };
        check("10.42.96.0/19", "10.42.127.255", true);
        check("10.42.96.0/19", "10.42.128.0", false);
        check("10.42.96.77/19", "10.42.96.1", true);
        check("0.0.0.0/0", "203.0.113.9", true);
        check("10.0.0.1/32", "10.0.0.1", true);
        check("10.0.0.1/32", "10.0.0.2", false);
        assert_eq!(Cidr::parse("10.0.0.0/33"), None);
        assert_eq!(Cidr::parse("10.0.0/8"), None);
    }

    #[test]
    fn ranges_overlap_when_one_covers_the_other() {
        let range = |text| Cidr::parse(text).unwrap();
        assert!(range("10.42.0.0/16").overlaps(range("10.42.192.0/19")));
        assert!(range("10.42.192.0/19").overlaps(range("10.42.0.0/16")));
        assert!(!range("10.42.192.0/19").overlaps(range("10.42.224.0/19")));
        assert_eq!(range("10.42.200.0/19").to_string(), "10.42.192.0/19");
    }
}
