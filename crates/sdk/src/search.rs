use std::fmt;

use crate::segment;

/// What one page holds at the most; Commerce can be told to refuse more.
const PAGE_SIZE_MAX: u32 = 300;

/// A search at Commerce's REST API: groups are AND, the filters of a group OR, as `searchCriteria` in the query.
///
/// Displayed it is the query: `format!("customers/search?{criteria}")`.
#[derive(Clone, Debug, Default)]
pub struct SearchCriteria {
    groups: Vec<Vec<Filter>>,
    sorted_by: Vec<(String, &'static str)>,
    page_size: Option<u32>,
    page: Option<u32>,
}

#[derive(Clone, Debug)]
struct Filter {
    field: String,
    value: String,
    condition: String,
}

impl SearchCriteria {
    pub fn new() -> Self {
        Self::default()
    }

    /// A further condition that has to hold, such as `.filter("sku", "in", "A,B")`.
    #[must_use]
    pub fn filter(mut self, field: &str, condition: &str, value: impl fmt::Display) -> Self {
        self.groups.push(vec![Filter::new(field, condition, value.to_string())]);
        self
    }

    /// Another way to fulfil the condition before.
    #[must_use]
    pub fn or(mut self, field: &str, condition: &str, value: impl fmt::Display) -> Self {
        let filter = Filter::new(field, condition, value.to_string());
        match self.groups.last_mut() {
            Some(group) => group.push(filter),
            None => self.groups.push(vec![filter]),
        }
        self
    }

    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sorted_by.push((field.to_owned(), "ASC"));
        self
    }

    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sorted_by.push((field.to_owned(), "DESC"));
        self
    }

    /// Pages count from 1; a page has 1 to 300 entries.
    #[must_use]
    pub fn page(mut self, page: u32, page_size: u32) -> Self {
        self.page = Some(page.max(1));
        self.page_size = Some(page_size.clamp(1, PAGE_SIZE_MAX));
        self
    }
}

impl Filter {
    fn new(field: &str, condition: &str, value: String) -> Self {
        Self { field: field.to_owned(), value, condition: condition.to_owned() }
    }
}

impl fmt::Display for SearchCriteria {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pairs = Vec::new();
        let mut add = |name: String, value: &str| pairs.push(format!("searchCriteria{name}={}", segment(value)));
        for (group, filters) in self.groups.iter().enumerate() {
            for (index, filter) in filters.iter().enumerate() {
                let place = format!("[filter_groups][{group}][filters][{index}]");
                add(format!("{place}[field]"), &filter.field);
                add(format!("{place}[value]"), &filter.value);
                add(format!("{place}[condition_type]"), &filter.condition);
            }
        }
        for (index, (field, direction)) in self.sorted_by.iter().enumerate() {
            add(format!("[sortOrders][{index}][field]"), field);
            add(format!("[sortOrders][{index}][direction]"), direction);
        }
        if let Some(page_size) = self.page_size {
            add("[pageSize]".to_owned(), &page_size.to_string());
        }
        if let Some(page) = self.page {
            add("[currentPage]".to_owned(), &page.to_string());
        }
        // Commerce wants the parameter even when everything is asked for.
        if pairs.is_empty() {
            return formatter.write_str("searchCriteria=");
        }
        formatter.write_str(&pairs.join("&").replace('[', "%5B").replace(']', "%5D"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_written_as_a_query() {
        let criteria = SearchCriteria::new()
            .filter("email", "eq", "a+b@example.com")
            .filter("sku", "in", "A,B")
            .or("name", "like", "%x%")
            .descending("updated_at")
            .page(0, 500);
        let plain = criteria.to_string().replace("%5B", "[").replace("%5D", "]");
        assert_eq!(
            plain,
            "searchCriteria[filter_groups][0][filters][0][field]=email\
             &searchCriteria[filter_groups][0][filters][0][value]=a%2Bb%40example.com\
             &searchCriteria[filter_groups][0][filters][0][condition_type]=eq\
             &searchCriteria[filter_groups][1][filters][0][field]=sku\
             &searchCriteria[filter_groups][1][filters][0][value]=A%2CB\
             &searchCriteria[filter_groups][1][filters][0][condition_type]=in\
             &searchCriteria[filter_groups][1][filters][1][field]=name\
             &searchCriteria[filter_groups][1][filters][1][value]=%25x%25\
             &searchCriteria[filter_groups][1][filters][1][condition_type]=like\
             &searchCriteria[sortOrders][0][field]=updated_at\
             &searchCriteria[sortOrders][0][direction]=DESC\
             &searchCriteria[pageSize]=300&searchCriteria[currentPage]=1"
        );
        assert_eq!(SearchCriteria::new().to_string(), "searchCriteria=");
    }
}
