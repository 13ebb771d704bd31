use std::net::IpAddr;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    address: IpAddr,
    /// How many bits at the end do not count.
    free: u32,
}

impl Network {
    /// Reads `address/length`; bits of the address after its length do not matter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let is_plain = length.bytes().all(|digit| digit.is_ascii_digit());
        let length: u32 = length.parse().ok().filter(|_| is_plain)?;
        let free = bits(address).1.checked_sub(length)?;
        Some(Self { address, free })
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        let ((one, one_width), (other, other_width)) = (bits(self.address), bits(address));
        one_width == other_width && (one ^ other).checked_shr(self.free).unwrap_or(0) == 0
    }
}

/// An address as a number, and how many bits wide it is.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}
