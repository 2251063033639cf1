//! Which classes are taken for which, as text.

use noctule_train::Confusion;

/// The most characters of a line.
const WIDEST: usize = 110;
/// How many wrong classes are named in a list.
const MOST_NAMED: usize = 5;
/// What stands for a sample in which no output neuron spiked.
const SILENT: &str = "none";

/// A table with a column for each predicted class if it is not too wide, else a list of each class's commonest mistakes.
pub(super) fn confusion_table(confusion: &Confusion) -> String {
    let classes = confusion.rows().len();
    let counts = confusion.rows().iter().flatten();
    let largest = counts.max().copied().unwrap_or(0).max(classes as u64);
    let width = largest.to_string().len().max(SILENT.len() - 1) + 1;
    if (classes + 3) * width + 10 <= WIDEST {
        table(confusion, width)
    } else {
        list(confusion)
    }
}

fn table(confusion: &Confusion, width: usize) -> String {
    let classes = confusion.rows().len();
    let cell = |text: String| format!("{text:>width$}");
    let mut text = "predicted:".to_owned();
    text.extend((0..classes).map(|class| cell(class.to_string())));
    text += &format!("{SILENT:>width$}   right", width = width + 2);
    for (class, row) in confusion.rows().iter().enumerate() {
        text += &format!("\ntrue {class:>5}");
        let (silent, predicted) = row.split_last().unwrap_or((&0, &[]));
        text.extend(predicted.iter().map(|&count| cell(or_dot(count))));
        text += &format!("{:>width$}", or_dot(*silent), width = width + 2);
        text += &right(confusion, class);
    }
    text
}

fn list(confusion: &Confusion) -> String {
    let mut text = "true    right   taken for (samples)".to_owned();
    for (class, row) in confusion.rows().iter().enumerate() {
        let silent = row.len() - 1;
        let mut wrong: Vec<(usize, u64)> = row.iter().copied().enumerate().collect();
        wrong.retain(|&(predicted, count)| predicted != class && count > 0);
        wrong.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let named = wrong.iter().take(MOST_NAMED).map(|&(predicted, count)| {
            let name = match predicted == silent {
                true => SILENT.to_owned(),
                false => predicted.to_string(),
            };
            format!("{name} ({count})")
        });
        let mut named: Vec<String> = named.collect();
        if wrong.len() > MOST_NAMED {
            let others: u64 = wrong[MOST_NAMED..].iter().map(|(_, count)| count).sum();
            named.push(format!("others ({others})"));
        }
        let line = format!(
            "\n{class:>4}{}   {}",
            right(confusion, class),
            named.join(", ")
        );
        text += line.trim_end();
    }
    text
}

/// A count; zeros are dots, so that mistakes stand out.
fn or_dot(count: u64) -> String {
    match count {
        0 => ".".to_owned(),
        _ => count.to_string(),
    }
}

/// The share of a class that is predicted right.
fn right(confusion: &Confusion, class: usize) -> String {
    match confusion.recall(class) {
        Some(share) => format!("{:>7.1} %", 100.0 * share),
        None => "        -".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_classes_make_a_table() {
        let mut confusion = Confusion::new(3);
        for (label, prediction) in [(0, Some(0)), (0, Some(2)), (1, None), (1, Some(1))] {
            confusion.add(label, prediction);
        }
        let expected = "\
predicted:   0   1   2  none   right
true     0   1   .   1     .   50.0 %
true     1   .   1   .     1   50.0 %
true     2   .   .   .     .        -";
        assert_eq!(confusion_table(&confusion), expected);
    }

    #[test]
    fn many_classes_make_a_list_of_mistakes() {
        let mut confusion = Confusion::new(47);
        for class in 0..47 {
            confusion.add(class, Some(class));
        }
        for prediction in [
            Some(1),
            Some(1),
            None,
            Some(2),
            Some(3),
            Some(4),
            Some(5),
            Some(6),
        ] {
            confusion.add(0, prediction);
        }
        let list = confusion_table(&confusion);
        let line = "   0   11.1 %   1 (2), 2 (1), 3 (1), 4 (1), 5 (1), others (2)";
        assert_eq!(list.lines().nth(1), Some(line));
        assert_eq!(list.lines().last(), Some("  46  100.0 %"));
        assert!(list.lines().all(|line| line.len() <= WIDEST));
    }
}
