//! A field of a resource: a line of its table.

/// A field of a resource.
pub(crate) struct Field {
    /// Its name on the wire and in the store.
    pub(crate) name: &'static str,
    /// Whether a create request must have it.
    pub(crate) required: bool,
    /// `C` accepted on create, `U` accepted on update, `R` returned.
    pub(super) uses: &'static str,
    /// What it may be.
    pub(super) schema: &'static str,
    /// What it may be on update, where that differs.
    pub(super) update_schema: Option<&'static str>,
    /// The JSON that stands for it when a create request has none.
    pub(crate) default: Option<&'static str>,
    /// Scopes of which one shows it, beside the operation's.
    pub(crate) read_by: &'static [&'static str],
    /// Whether every caller sees it who may read at all, whatever the resource's `read_by` says.
    pub(crate) in_summary: bool,
    /// Whether one object is never shown without it, whatever fields are asked for.
    pub(crate) always: bool,
    /// Scopes of which one may write it on create and on update, beside the operation's.
    pub(crate) created_by: &'static [&'static str],
    /// As `created_by`, on update.
    pub(crate) updated_by: &'static [&'static str],
    /// What an update does with an object.
    pub(crate) patch: Patch,
}

/// What an update does with an object that a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    /// The new one replaces it.
    Replace,
    /// Its members are replaced one by one; `null` removes a member.
    Merge,
}

/// A field; `uses` as in [`Field::uses`], `schema` in the notation of `schema::notation`.
pub(crate) const fn field(name: &'static str, uses: &'static str, schema: &'static str) -> Field {
    Field {
        name,
        required: false,
        uses,
        schema,
        update_schema: None,
        default: None,
        read_by: &[],
        in_summary: false,
        always: false,
        created_by: &[],
        updated_by: &[],
        patch: Patch::Replace,
    }
}

impl Field {
    /// A create request must have it.
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// An update may have it in this form.
    pub(crate) const fn on_update(mut self, schema: &'static str) -> Self {
        self.update_schema = Some(schema);
        self
    }

    /// What stands for it when a create request has none.
    pub(crate) const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// It is shown only to callers with one of `scopes`.
    pub(crate) const fn read_by(mut self, scopes: &'static [&'static str]) -> Self {
        self.read_by = scopes;
        self
    }

    /// Every caller sees it who may read at all.
    pub(crate) const fn in_summary(mut self) -> Self {
        self.in_summary = true;
        self
    }

    /// One object is never shown without it.
    pub(crate) const fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// It is written only by callers with one of these scopes.
    pub(crate) const fn written_by(
        mut self,
        created_by: &'static [&'static str],
        updated_by: &'static [&'static str],
    ) -> Self {
        self.created_by = created_by;
        self.updated_by = updated_by;
        self
    }

    /// Its members are updated one by one.
    pub(crate) const fn merged(mut self) -> Self {
        self.patch = Patch::Merge;
        self
    }

    /// Whether it is in answers.
    pub(crate) fn is_returned(&self) -> bool {
        self.uses.contains('R')
    }
}
