//! URI templates: `/functions/{FunctionName}/code`, `/{Key+}`, `/layers?find=LayerVersion`.
//! <https://smithy.io/2.0/spec/http-bindings.html#http-uri>

/// What a request target must look like, with labels in place of what may vary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// The path, as the model writes it.
    path: &'static str,
    /// The items that the query must hold, `name=value` or a bare `name`.
    query: &'static str,
}

/// The labels of a template and what stands in their place, still escaped.
pub type Labels = Vec<(&'static str, String)>;

/// How closely a template describes what it matches: of two that match, the greater one is meant.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Closeness {
    segments: Vec<Segment>,
    query_items: usize,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// `{Key+}`: one segment or more.
    Greedy(&'static str),
    /// `{Name}`: a segment.
    Label(&'static str),
    Literal(&'static str),
}

impl Template {
    /// The template that is written so: a path, and after a question mark what the query must hold.
    pub const fn new(path: &'static str, query: &'static str) -> Self {
        Self { path, query }
    }

    /// The labels of `path`, if it and `query`, both still escaped, are as the template says.
    ///
    /// A slash at the end says nothing. No segment may be empty, `.` or `..`: a signature covers the path
    /// without those, so they would let somebody else's signature reach another operation.
    pub fn labels(&self, path: &str, query: &str) -> Option<Labels> {
        let given: Vec<&str> = segments(path).collect();
        if given.iter().any(|segment| matches!(*segment, "" | "." | "..")) || !self.asks(query) {
            return None;
        }
        let wanted: Vec<Segment> = self.segments().collect();
        let mut rest = given.as_slice();
        let mut labels = Vec::new();
        for (at, segment) in wanted.iter().enumerate() {
            let after = wanted.len() - at - 1;
            let taken = match segment {
                Segment::Greedy(_) => rest.len().checked_sub(after)?,
                Segment::Label(_) | Segment::Literal(_) => 1,
            };
            let (here, further) = rest.split_at_checked(taken)?;
            match segment {
                Segment::Literal(literal) if *here == [*literal] => {}
                Segment::Greedy(name) | Segment::Label(name) if !here.is_empty() => {
                    labels.push((*name, here.join("/")));
                }
                _ => return None,
            }
            rest = further;
        }
        rest.is_empty().then_some(labels)
    }

    /// How closely it describes what it matches.
    pub fn closeness(&self) -> Closeness {
        Closeness { segments: self.segments().collect(), query_items: self.items().count() }
    }

    fn asks(&self, query: &str) -> bool {
        self.items().all(|item| {
            query.split('&').any(|given| given == item || given.strip_suffix('=') == Some(item))
        })
    }

    fn items(&self) -> impl Iterator<Item = &'static str> {
        self.query.split('&').filter(|item| !item.is_empty())
    }

    fn segments(&self) -> impl Iterator<Item = Segment> {
        segments(self.path).map(|text| {
            let label = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
            match label.map(|label| (label, label.strip_suffix('+'))) {
                Some((_, Some(name))) => Segment::Greedy(name),
                Some((name, None)) => Segment::Label(name),
                None => Segment::Literal(text),
            }
        })
    }
}

/// The parts between slashes; `/` has none.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split('/').filter(move |_| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(template: &'static str, path: &str) -> Option<Vec<String>> {
        let labels = Template::new(template, "").labels(path, "")?;
        Some(labels.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
    }

    fn some(labels: &[&str]) -> Option<Vec<String>> {
        Some(labels.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn literals_and_labels() {
        assert_eq!(labels("/policy/validation", "/policy/validation"), some(&[]));
        assert_eq!(labels("/policy/validation", "/policy/validation/"), some(&[]));
        assert_eq!(labels("/", "/"), some(&[]));
        assert_eq!(labels("/f/{Name}/code", "/f/a%2Fb/code"), some(&["Name=a%2Fb"]));
        for path in ["/", "/f", "/f/a", "/f//code", "/f/a/b/code", "/f/a/code/x", "/g/a/code"] {
            assert_eq!(labels("/f/{Name}/code", path), None, "{path}");
        }
    }

    #[test]
    fn a_greedy_label_takes_what_the_rest_leaves() {
        assert_eq!(labels("/b/{Key+}", "/b/x"), some(&["Key=x"]));
        assert_eq!(labels("/b/{Key+}", "/b/x/y/z"), some(&["Key=x/y/z"]));
        assert_eq!(labels("/{Key+}/acl", "/x/y/acl"), some(&["Key=x/y"]));
        assert_eq!(labels("/b/{Key+}", "/b"), None);
        assert_eq!(labels("/{Key+}/acl", "/acl"), None);
    }

    #[test]
    fn nothing_that_a_signature_does_not_see_is_let_through() {
        for path in ["/f/../code", "/f/./code", "//f/a/code", "/f/a//code", "/f/a/code//"] {
            assert_eq!(labels("/f/{Name}/code", path), None, "{path}");
            assert_eq!(labels("/{All+}", path), None, "{path}");
        }
    }

    #[test]
    fn the_query_can_be_part_of_it() {
        let layers = Template::new("/layers", "find=LayerVersion");
        assert!(layers.labels("/layers", "a=b&find=LayerVersion").is_some());
        assert!(layers.labels("/layers", "find=Layer").is_none());
        let flag = Template::new("/x", "acl");
        assert!(flag.labels("/x", "acl").is_some() && flag.labels("/x", "acl=").is_some());
        assert!(flag.labels("/x", "acl=1").is_none());
    }

    #[test]
    fn what_is_said_more_closely_is_greater() {
        let closeness = |path, query| Template::new(path, query).closeness();
        assert!(closeness("/a/b", "") > closeness("/a/{x}", ""));
        assert!(closeness("/a/{x}", "") > closeness("/a/{x+}", ""));
        assert!(closeness("/a", "q=1") > closeness("/a", ""));
    }

    proptest! {
        #[test]
        fn any_path_matches_or_does_not(path in ".*", query in ".*") {
            for template in ["/", "/{a}", "/{a+}", "/x/{a+}/y/{b}"] {
                Template::new(template, "q").labels(&path, &query);
            }
        }
    }
}
