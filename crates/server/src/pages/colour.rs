//! Colours, and whether one can be read on another.

/// A colour of the sRGB space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl Colour {
    pub(super) const BLACK: Self = Self([0; 3]);
    pub(super) const WHITE: Self = Self([255; 3]);

    pub(super) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self([red, green, blue])
    }

    /// `#rgb` or `#rrggbb`; an alpha channel is read over, because text on a transparent ground has no known contrast.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#')?.as_bytes();
        let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16)?).ok();
        let digits: Vec<u8> = digits.iter().map(digit).collect::<Option<_>>()?;
        match *digits {
            [r, g, b] | [r, g, b, _] => Some(Self([r * 17, g * 17, b * 17])),
            [r, r2, g, g2, b, b2] | [r, r2, g, g2, b, b2, _, _] => {
                Some(Self([r * 16 + r2, g * 16 + g2, b * 16 + b2]))
            }
            _ => None,
        }
    }

    pub(super) fn css(self) -> String {
        let [r, g, b] = self.0;
        format!("#{r:02x}{g:02x}{b:02x}")
    }

    /// WCAG 2.2, relative luminance: 0 for black, 1 for white.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// WCAG 2.2, contrast ratio: from 1 to 21.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Black or white, whichever reads better on this colour; the worse case is 4.58.
    pub(super) fn text(self) -> Self {
        if self.contrast(Self::WHITE) < self.contrast(Self::BLACK) {
            Self::BLACK
        } else {
            Self::WHITE
        }
    }

    /// This colour with so much of another in it, in percent.
    pub(super) fn mixed(self, other: Self, percent: u8) -> Self {
        let part = u32::from(percent.min(100));
        let mut mixed = self.0;
        for (channel, wanted) in mixed.iter_mut().zip(other.0) {
            let sum = u32::from(*channel) * (100 - part) + u32::from(wanted) * part;
            *channel = u8::try_from(sum / 100).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// This colour, moved away from `ground` as far as is needed to read it there.
    pub(super) fn readable_on(self, ground: Self) -> Self {
        let end = ground.text();
        (0..=100)
            .step_by(4)
            .map(|percent| self.mixed(end, percent))
            .find(|colour| 4.6 <= colour.contrast(ground))
            .unwrap_or(end)
    }
}

/// The colour of text that is read best on `colour`; nothing if that is no colour.
pub(crate) fn text_on(colour: &str) -> Option<String> {
    Some(Colour::parse(colour)?.text().css())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_are_read_and_nothing_else() {
        for (text, css) in [
            ("#fff", "#ffffff"),
            ("#0059D6", "#0059d6"),
            ("#0059d680", "#0059d6"),
            ("#abcd", "#aabbcc"),
        ] {
            assert_eq!(Colour::parse(text).unwrap().css(), css);
        }
        for text in [
            "", "#", "fff", "#ff", "#fffff", "#ggg", "red", "#fff;}", "#+1+1+1", "#ééé",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        let ratio = |one: &str, two: &str| {
            let colour = |text| Colour::parse(text).unwrap();
            colour(one).contrast(colour(two))
        };
        assert!((ratio("#000", "#fff") - 21.0).abs() < 0.01);
        assert!((ratio("#777", "#fff") - 4.48).abs() < 0.01);
        assert!((ratio("#00f", "#fff") - 8.59).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn text_can_be_read_on_every_colour(r: u8, g: u8, b: u8, r2: u8, g2: u8, b2: u8) {
            let (colour, ground) = (Colour::new(r, g, b), Colour::new(r2, g2, b2));
            prop_assert!(4.5 <= colour.text().contrast(colour));
            prop_assert!(4.5 <= colour.readable_on(ground).contrast(ground));
        }
    }
}
