//! The page: a template, its style, its script and the plotting library, with the data as JSON inside.

use super::data::Report;
use super::error::ReportError;

const TEMPLATE: &str = include_str!("../../assets/report/page.html");
const STYLE: &str = include_str!("../../assets/report/page.css");
/// The parts of the script, in the order in which they run.
const SCRIPTS: [&str; 6] = [
    include_str!("../../assets/report/base.js"),
    include_str!("../../assets/report/overview.js"),
    include_str!("../../assets/report/explorer.js"),
    include_str!("../../assets/report/measures.js"),
    include_str!("../../assets/report/study.js"),
    include_str!("../../assets/report/start.js"),
];
/// Apache ECharts 6.1.0, the build `common`, as it is published.
const LIBRARY: &str = include_str!("../../assets/report/echarts/echarts.common.min.js");
const NOTICE: &str = include_str!("../../assets/report/echarts/NOTICE");

/// The page of a report, as one HTML file that loads nothing else.
///
/// # Errors
/// If the report has no JSON form.
pub fn page(report: &Report) -> Result<String, ReportError> {
    let data = serde_json::to_string(report)?.replace('<', "\\u003c");
    let script = SCRIPTS.join("\n");
    let title = escaped(&report.title);
    let parts = [
        ("{{title}}", title.as_str()),
        ("{{style}}", STYLE),
        ("{{notice}}", NOTICE.trim()),
        ("{{data}}", &data),
        ("{{script}}", &script),
        ("{{library}}", LIBRARY),
    ];
    Ok(filled(TEMPLATE, &parts))
}

/// The template with its marks replaced; what is put in is not looked into again.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let length = parts.iter().map(|(_, text)| text.len()).sum::<usize>();
    let mut page = String::with_capacity(template.len() + length);
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        match parts.iter().find(|(mark, _)| rest.starts_with(mark)) {
            Some((mark, text)) => {
                page.push_str(text);
                rest = &rest[mark.len()..];
            }
            None => {
                page.push_str("{{");
                rest = &rest[2..];
            }
        }
    }
    page.push_str(rest);
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_replaced_once() {
        let parts = [("{{title}}", "{{data}}"), ("{{data}}", "1")];
        assert_eq!(
            filled("<{{title}}, {{data}}, {{x}}>", &parts),
            "<{{data}}, 1, {{x}}>"
        );
    }

    #[test]
    fn nothing_in_the_script_ends_its_element() {
        for text in SCRIPTS.iter().chain([&LIBRARY]) {
            assert!(!text.contains("</script") && !text.contains("<!--"));
        }
    }
}
