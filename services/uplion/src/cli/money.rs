//! Amounts as people see them: with the installation's currency, and with its decimals at least.

use serde::Deserialize;

use super::{
    client::{Client, read},
    failure::Failure,
    output::Format,
};

/// The installation's; none of a control that does not tell it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Currency {
    #[serde(rename = "currency")]
    code: String,
    minor_digits: usize,
}

/// None is asked for where JSON is printed: amounts are as the API tells them there.
pub async fn shown_currency(client: &Client, format: Format) -> Result<Currency, Failure> {
    if format.json { Ok(Currency::default()) } else { Currency::of(client).await }
}

impl Currency {
    pub async fn of(client: &Client) -> Result<Self, Failure> {
        match client.get(&["installation"], &[]).await {
            Ok(installation) => read(installation),
            // Not founded yet, or not told to everybody.
            Err(Failure::Refused { status: 403 | 404, .. }) => Ok(Self::default()),
            Err(failure) => Err(failure),
        }
    }

    /// The head of a column of amounts: `COST (EUR)`.
    pub fn head(&self, what: &str) -> String {
        if self.code.is_empty() { what.to_owned() } else { format!("{what} ({})", self.code) }
    }

    /// In a column: `1.5` is `1.50` of a currency with two decimals. What is smaller keeps all of its decimals.
    pub fn cell(&self, amount: &str) -> String {
        let (whole, decimals) = amount.split_once('.').unwrap_or((amount, ""));
        let digits = self.minor_digits.max(decimals.len());
        if digits == 0 { whole.to_owned() } else { format!("{whole}.{decimals:0<digits$}") }
    }

    /// Alone: `1.50 EUR`.
    pub fn amount(&self, amount: &str) -> String {
        format!("{} {}", self.cell(amount), self.code).trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str, minor_digits: usize) -> Currency {
        Currency { code: code.to_owned(), minor_digits }
    }

    #[test]
    fn an_amount_has_its_currencys_decimals_at_least() {
        let euro = currency("EUR", 2);
        let amounts = [("0", "0.00 EUR"), ("1.5", "1.50 EUR"), ("0.000123", "0.000123 EUR")];
        for (amount, text) in amounts {
            assert_eq!(euro.amount(amount), text);
        }
        assert_eq!(currency("JPY", 0).amount("12"), "12 JPY");
        assert_eq!(currency("JPY", 0).amount("0.5"), "0.5 JPY");
    }

    #[test]
    fn a_control_that_tells_no_currency_has_amounts_all_the_same() {
        let none = Currency::default();
        assert_eq!((none.amount("1.5").as_str(), none.head("COST").as_str()), ("1.5", "COST"));
    }
}
