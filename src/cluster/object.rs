//! Objects of the API with no more fields than are read: the generated types know all of them, which is a megabyte of code.

/// Makes structs that have a `metadata` objects of the API, each of the kind of a generated type.
macro_rules! objects {
    ($($ours:ident: $generated:ty),+ $(,)?) => {$(
        impl kube::Resource for $ours {
            type DynamicType = ();
            type Scope = <$generated as kube::Resource>::Scope;

            fn kind(of: &()) -> std::borrow::Cow<'_, str> {
                <$generated as kube::Resource>::kind(of)
            }

            fn group(of: &()) -> std::borrow::Cow<'_, str> {
                <$generated as kube::Resource>::group(of)
            }

            fn version(of: &()) -> std::borrow::Cow<'_, str> {
                <$generated as kube::Resource>::version(of)
            }

            fn plural(of: &()) -> std::borrow::Cow<'_, str> {
                <$generated as kube::Resource>::plural(of)
            }

            fn meta(&self) -> &kube::api::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut kube::api::ObjectMeta {
                &mut self.metadata
            }
        }
    )+};
}

pub(crate) use objects;
