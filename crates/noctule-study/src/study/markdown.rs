//! A study as Markdown.

use std::fmt::Write;

use super::document::{Section, StudyDocument, Table, Verdict};

impl StudyDocument {
    /// The study as a page of Markdown. The pictures of its charts are expected beside it, as `NAME.svg`.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# {}\n\n{}\n", self.title, self.summary);
        let source = &self.provenance;
        let _ = write!(
            text,
            "\nNoctule {} on {}, in {:.0} s, by:\n\n```sh\n{}\n```\n",
            source.version, source.machine, source.seconds, source.command
        );
        if !self.verdicts.is_empty() {
            let _ = write!(text, "\n## Verdicts\n\n{}", verdicts(&self.verdicts));
        }
        for section in &self.sections {
            write_section(&mut text, section);
        }
        text
    }

    /// The verdicts alone, as a list.
    pub fn verdicts_to_markdown(&self) -> String {
        verdicts(&self.verdicts)
    }
}

fn verdicts(verdicts: &[Verdict]) -> String {
    let line = |verdict: &Verdict| {
        format!(
            "* **{}**: {} *{}.* {}\n",
            verdict.subject,
            verdict.claim,
            capitalised(verdict.finding.words()),
            verdict.evidence
        )
    };
    verdicts.iter().map(line).collect()
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn write_section(text: &mut String, section: &Section) {
    let _ = write!(text, "\n## {}\n", section.title);
    if !section.text.is_empty() {
        let _ = write!(text, "\n{}\n", section.text);
    }
    for table in &section.tables {
        let _ = write!(text, "\n{}", table.to_markdown());
    }
    for chart in &section.charts {
        let _ = write!(text, "\n![{}]({}.svg)\n", chart.title, chart.name);
    }
}

impl Table {
    /// The table with its title above it.
    pub fn to_markdown(&self) -> String {
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let mut text = format!("{}:\n\n", self.title);
        text.push_str(&row(&self.columns));
        text.push_str(&format!("|{}\n", "---|".repeat(self.columns.len())));
        text.extend(self.rows.iter().map(|cells| row(cells)));
        text
    }
}
