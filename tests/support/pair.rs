//! Certificates of tests.

#![allow(dead_code, reason = "each test program uses its part of this")]

/// A certificate that signs itself, and its key, as PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A new pair, for the loopback address.
pub(crate) fn pair() -> Pair {
    pair_until(4096)
}

/// A new pair, for the loopback address, that is valid until the first day of a year.
pub(crate) fn pair_until(year: i32) -> Pair {
    pair_until_day((year, 1, 1))
}

/// A new pair, for the loopback address, that is valid until a day: year, month and day.
pub(crate) fn pair_until_day((year, month, day): (i32, u8, u8)) -> Pair {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(year, month, day);
    Pair {
        certificate: params.self_signed(&key).unwrap().pem(),
        key: key.serialize_pem(),
    }
}
