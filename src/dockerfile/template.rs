//! Text from which a Dockerfile is yet to be made.

use super::parsed::ParsedDockerfile;
use super::parser::ParseProblem;

/// What begins an expression in the languages of templates: Go, Jinja, Mustache, Liquid; ERB, EJS.
const MARKS: [&str; 3] = ["{{", "{%", "<%"];

/// Whether `text`, read as `parsed`, is a template: the line that is no Dockerfile's begins with such a mark, or a FROM has
/// one. A here-document may hold any.
pub fn is_template(text: &str, parsed: &Result<ParsedDockerfile, ParseProblem>) -> bool {
    let has_mark = |text: &str| text.contains(['{', '<']) && MARKS.iter().any(|mark| text.contains(mark));
    match parsed {
        Ok(parsed) => parsed.froms().any(|from| has_mark(&from.written)),
        Err(problem) => {
            let line = text.lines().nth(problem.line.saturating_sub(1)).unwrap_or_default().trim_start();
            let is_from = line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("FROM"));
            MARKS.iter().any(|mark| line.starts_with(mark)) || (is_from && has_mark(line))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_template;
    use crate::dockerfile::read;

    #[test]
    fn a_line_that_begins_with_a_mark_or_a_from_that_has_one_makes_a_template() {
        let is = |text: &str| is_template(text, &read(text));
        for text in [
            "{{ if x }}\nFROM a\n",
            "FROM a\n  {%- if x %}\n",
            "<%= x %>\n",
            "FROM {{ base }}\n",
            "from {{base}}:{{tag}}",
        ] {
            assert!(is(text), "{text}");
        }
        let here = "FROM a\nRUN <<E\n{{ x }}\nE\n";
        for text in [here, "FROM a\nRUN docker inspect --format={{.Id}} x\n", "FORM a\n", "FROM a b\n{{", "", "FROM é"]
        {
            assert!(!is(text), "{text}");
        }
    }
}
