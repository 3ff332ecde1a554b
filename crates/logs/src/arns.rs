//! Names of groups and streams, as ARNs have them (CloudWatch Logs API Reference, "LogGroup").

/// `arn:aws:logs:REGION:ACCOUNT:log-group:`, to which the name of a group is put.
fn prefix(account: &str, region: &str) -> String {
    format!("arn:aws:logs:{region}:{account}:log-group:")
}

/// The ARN by which a group is tagged.
pub fn group(account: &str, region: &str, name: &str) -> String {
    prefix(account, region) + name
}

/// The ARN of a group with all that is in it: it ends in `:*`.
pub fn whole_group(account: &str, region: &str, name: &str) -> String {
    group(account, region, name) + ":*"
}

/// The ARN of a stream. With an empty name, that of a group in decisions about it, as AWS's denials show it: so
/// policies for `log-group:NAME:*` cover a group and its streams alike.
pub fn stream(account: &str, region: &str, group: &str, stream: &str) -> String {
    format!("{}{group}:log-stream:{stream}", prefix(account, region))
}

/// The name of the group in an ARN of that account and region, with or without `:*` at its end.
pub fn group_name<'a>(arn: &'a str, account: &str, region: &str) -> Option<&'a str> {
    let name = arn.strip_prefix(&prefix(account, region))?;
    let name = name.strip_suffix(":*").unwrap_or(name);
    (!name.is_empty() && !name.contains(':')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_in_its_arn() {
        let (account, region) = ("123456789012", "us-east-1");
        for arn in [group(account, region, "/a/b"), whole_group(account, region, "/a/b")] {
            assert_eq!(group_name(&arn, account, region), Some("/a/b"));
            assert_eq!(group_name(&arn, "210987654321", region), None);
            assert_eq!(group_name(&arn, account, "eu-west-1"), None);
        }
        for other in ["", "/a/b", "arn:aws:logs:us-east-1:123456789012:log-group:"] {
            assert_eq!(group_name(other, account, region), None, "{other}");
        }
        let stream = stream(account, region, "/a", "s");
        assert_eq!(stream, "arn:aws:logs:us-east-1:123456789012:log-group:/a:log-stream:s");
        assert_eq!(group_name(&stream, account, region), None);
    }
}
