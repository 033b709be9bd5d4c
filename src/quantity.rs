//! Amounts as Kubernetes writes them: `100m`, `1.5Gi`, `1e3`. Exact, as apimachinery's `resource.Quantity` is.

/// The largest amount there is: larger ones count as this one.
const MAX: i128 = (i64::MAX as i128) * NANO;

const NANO: i128 = 1_000_000_000;

/// The most digits that are read. No real amount has half as many.
const MAX_DIGITS: usize = 30;

/// An amount, in billionths: what is smaller is rounded up, as the API does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount that `text` writes; `None` where it writes none, or one of more than thirty digits.
    ///
    /// The grammar is that of `k8s.io/apimachinery/pkg/api/resource`: a number with at most one dot, then one of
    /// `n u m k M G T P E`, of `Ki Mi Gi Ti Pi Ei`, or a decimal exponent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if !number.bytes().any(|byte| byte.is_ascii_digit())
            || fraction.contains('.')
            || whole.len() + fraction.len() > MAX_DIGITS
        {
            return None;
        }
        let mantissa = [whole, fraction]
            .iter()
            .flat_map(|digits| digits.bytes())
            .fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let (powers_of_ten, factor) = scale(suffix)?;
        let powers_of_ten = powers_of_ten
            .saturating_add(9)
            .saturating_sub(i32::try_from(fraction.len()).ok()?);
        let amount = shift(mantissa, factor, powers_of_ten);
        Some(Self(if negative { -amount } else { amount }))
    }
}

impl Quantity {
    /// In billionths.
    #[must_use]
    pub fn nano(self) -> i128 {
        self.0
    }
}

/// The power of ten, and the factor beside it, that a suffix stands for.
fn scale(suffix: &str) -> Option<(i32, i128)> {
    let binary = |power: u32| Some((0, 1 << (10 * power)));
    match suffix {
        "" => Some((0, 1)),
        "n" => Some((-9, 1)),
        "u" => Some((-6, 1)),
        "m" => Some((-3, 1)),
        "k" => Some((3, 1)),
        "M" => Some((6, 1)),
        "G" => Some((9, 1)),
        "T" => Some((12, 1)),
        "P" => Some((15, 1)),
        "E" => Some((18, 1)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            exponent.parse().ok().map(|power| (power, 1))
        }
    }
}

/// `mantissa * factor * 10^power`, rounded up, and no more than [`MAX`].
fn shift(mantissa: i128, factor: i128, power: i32) -> i128 {
    let Some(product) = mantissa.checked_mul(factor) else {
        return MAX;
    };
    let ten_to = |power: u32| 10_i128.checked_pow(power);
    let amount = match (ten_to(power.unsigned_abs()), power >= 0) {
        (Some(power), true) => product.saturating_mul(power),
        (Some(power), false) => product / power + i128::from(product % power != 0),
        (None, true) if product > 0 => MAX,
        (None, false) if product > 0 => 1,
        (None, _) => 0,
    };
    amount.min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nano(text: &str) -> Option<i128> {
        Quantity::parse(text).map(|quantity| quantity.0)
    }

    #[test]
    fn every_spelling_of_an_amount_is_read() {
        for same in [
            ["1", "1000m"],
            ["0.5", "500m"],
            [".5", "5e-1"],
            ["5.", "5"],
            ["1e3", "1k"],
            ["1E3", "1000"],
            ["+1", "1"],
            ["1Gi", "1024Mi"],
            ["1.5Gi", "1536Mi"],
            ["128974848", "123Mi"],
            ["129e6", "129M"],
            ["128974848000m", "123Mi"],
            ["1E", "1000P"],
            ["1Ei", "1024Pi"],
            ["100u", "100000n"],
            ["0", "0Gi"],
            ["-0", "0"],
            ["0001", "1"],
            ["1.10", "1.1"],
        ] {
            let [a, b] = same.map(nano);
            assert!(a.is_some() && a == b, "{same:?}: {a:?} and {b:?}");
        }
    }

    #[test]
    fn what_is_no_amount_is_none() {
        for bad in [
            "",
            ".",
            "-",
            "Gi",
            "1 Gi",
            "1gi",
            "1KI",
            "1K",
            "1.2.3",
            "1e",
            "1e3Mi",
            "1.5e",
            "NaN",
            "0x10",
            "1,5",
            "--1",
            "1ki",
            "1eé",
            "1234567890123456789012345678901",
        ] {
            assert_eq!(nano(bad), None, "{bad}");
        }
    }

    #[test]
    fn extremes_are_rounded_up_and_capped() {
        assert_eq!(nano("0.1n"), Some(1));
        assert_eq!(nano("1.0000000001"), Some(1_000_000_001));
        assert_eq!(nano("1e-1000"), Some(1));
        assert_eq!(nano("0e1000"), Some(0));
        assert_eq!(nano("1e1000"), Some(MAX));
        assert_eq!(nano("100Ei"), Some(MAX));
        assert_eq!(nano("-1e1000"), Some(-MAX));
        assert!(Quantity::parse("1e-1000") > Quantity::parse("0"));
    }
}
