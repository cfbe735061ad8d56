//! Any text as a name and as a Dockerfile: the first line is the name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mkcompose::repository::service_name::ServiceName;
use mkcompose::dockerfile;

fuzz_target!(|text: &str| {
    let (name, text) = text.split_once('\n').unwrap_or((text, ""));
    let content = dockerfile::read(text);
    if let Ok(service) = ServiceName::parse(name) {
        assert_eq!(service.as_str(), name);
        let description = dockerfile::describe(service.segments(), text);
        assert_eq!(description.content, content);
        assert_eq!(description.stages.len(), service.segments().count());
    }
    for segment in name.split('.') {
        let _ = dockerfile::fit(text, segment);
    }
    let _ = dockerfile::suggested(text);
});
