//! Any text as a name and as a Dockerfile: the first line is the name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mkcompose::name::Service;
use mkcompose::stages;

fuzz_target!(|text: &str| {
    let (name, text) = text.split_once('\n').unwrap_or((text, ""));
    let content = stages::read(text);
    if let Ok(service) = Service::parse(name) {
        assert_eq!(service.as_str(), name);
        let description = stages::describe(&service, text);
        assert_eq!(description.content, content);
        assert_eq!(description.stages.len(), service.segments().count());
    }
    for segment in name.split('.') {
        let _ = stages::fit(text, segment);
    }
    let _ = stages::suggested(text);
});
