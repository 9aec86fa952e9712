//! Whatever is drawn: is it a sound SVG file, the same each time, and all of it on the paper?

use ndarray::Array2;
use plot::{ConfusionMatrix, Curves, ImageSheet, Landscape, Panels, Trail};
use proptest::prelude::*;

/// Reads the file as strictly as a browser would, and checks what every picture promises.
fn assert_sound(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
    let root = document.root_element();
    let size = |name| root.attribute(name).and_then(|text| text.parse::<f64>().ok()).unwrap();
    let (width, height) = (size("width"), size("height"));
    assert!(width > 0.0 && height > 0.0);
    assert!(!svg.contains("NaN") && !svg.contains("\"inf"));

    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert_eq!(node.attribute("id"), None, "ids collide when pictures are pasted into one page");
        let painted = node.attribute("fill").is_some();
        assert!(painted || matches!(node.tag_name().name(), "svg" | "title" | "style"), "{node:?}");
        for (name, limit) in [("x", width), ("cx", width), ("y", height), ("cy", height)] {
            if let Some(place) = node.attribute(name) {
                let place: f64 = place.parse().unwrap();
                assert!((0.0..=limit).contains(&place), "{name} = {place} is off the paper: {node:?}");
            }
        }
        // Capital letters are followed by places; pixels go on from there in small ones.
        for place in node.attribute("d").into_iter().flat_map(|d| d.split(['M', 'L']).skip(1)) {
            let place = place.split(['h', 'Z']).next().unwrap();
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{x} {y}: {node:?}");
        }
    }
}

fn any_curves() -> impl Strategy<Value = Curves> {
    let value = prop_oneof![4 => -10.0..10.0f64, 1 => proptest::num::f64::ANY];
    let points = prop::collection::vec((value.clone(), value.clone()), 0..40);
    let lines = prop::collection::vec((".{0,40}", points), 0..12);
    let marks = prop::collection::vec((".{0,40}", value.clone()), 0..4);
    let range = prop::option::of((value.clone(), value));
    (".{0,120}", ".{0,60}", any::<[bool; 2]>(), lines, marks, range).prop_map(
        |(title, label, [log_x, log_y], lines, marks, range)| {
            let mut curves = Curves::new(title).x_label(label.clone()).y_label(label);
            for (name, points) in lines {
                curves = curves.points(name, &points);
            }
            for (name, x) in marks {
                curves = curves.mark(name, x);
            }
            if let Some((low, high)) = range {
                curves = curves.y_range(low, high);
            }
            if log_x {
                curves = curves.log_x();
            }
            if log_y {
                curves = curves.log_y();
            }
            curves
        },
    )
}

fn any_landscape() -> impl Strategy<Value = Landscape> {
    let value = prop_oneof![4 => -3.0..3.0f64, 1 => proptest::num::f64::ANY];
    let positions = prop::collection::vec([value.clone(), value.clone()], 0..12);
    let trails = prop::collection::vec((".{0,20}", value.clone(), positions), 0..20);
    let surface = prop::option::of((0.0..90.0f64, -400.0..400.0f64));
    (
        ".{0,80}",
        [value.clone(), value.clone(), value.clone()],
        [-2.0..0.0f64, 0.1..3.0],
        surface,
        trails,
        any::<[bool; 2]>(),
    )
        .prop_map(|(title, [a, b, c], x, surface, trails, [minimum, radford])| {
            let f = move |x: f64, y: f64| a * x * x + b * y * y + c * x * y;
            let mut landscape =
                Landscape::new(title.clone(), f, x, [-1.0, 1.0]).unwrap().note(title.clone()).formula(title);
            if let Some((elevation, azimuth)) = surface {
                landscape = landscape.surface(elevation, azimuth, [-5.0, 5.0]).unwrap();
            }
            if minimum {
                landscape = landscape.minimum(a, b);
            }
            if radford {
                landscape = landscape.radford_colours();
            }
            trails.into_iter().fold(landscape, |landscape, (name, rate, positions)| {
                landscape.trail(Trail::new(name, &positions).rate(rate).slopes(&[rate]))
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn any_landscape_is_a_sound_picture_at_every_step(landscape in any_landscape(), step in 0..20usize) {
        let svg = landscape.frame_svg(step);
        assert_sound(&svg);
        prop_assert_eq!(svg, landscape.frame_svg(step));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_curves_are_a_sound_picture_and_the_same_twice(curves in any_curves()) {
        let svg = curves.to_svg();
        assert_sound(&svg);
        prop_assert_eq!(svg, curves.to_svg());
    }

    #[test]
    fn any_panels_are_a_sound_picture(title in ".{0,60}", panels in prop::collection::vec(any_curves(), 0..4)) {
        assert_sound(&panels.into_iter().fold(Panels::new(title), Panels::panel).to_svg());
    }

    #[test]
    fn any_counts_are_a_sound_picture(
        (counts, names) in (1..12usize).prop_flat_map(|n| (
            prop::collection::vec(prop_oneof![Just(0usize), 0..100usize, any::<usize>()], n * n),
            prop::collection::vec(".{0,30}", n),
        )),
        title in ".{0,80}",
    ) {
        let counts = Array2::from_shape_vec((names.len(), names.len()), counts).unwrap();
        let matrix = ConfusionMatrix::new(&counts, &names).unwrap().title(title);
        assert_sound(&matrix.to_svg());
        prop_assert!(matrix.to_string().ends_with('\n'));
    }

    #[test]
    fn any_images_are_a_sound_picture(
        rows in 0..30usize, columns in 0..30usize, per_line in prop::option::of(0..9usize),
        captions in prop::collection::vec(".{0,80}", 0..6), pixel in proptest::num::f32::ANY,
    ) {
        let mut sheet = ImageSheet::new(rows, columns).title("sheet");
        for (n, caption) in captions.into_iter().enumerate() {
            let pixels: Vec<f32> = (0..rows * columns).map(|i| if i % (n + 2) == 0 { pixel } else { i as f32 * 1e-3 }).collect();
            sheet = sheet.image(&pixels, caption).unwrap();
        }
        if let Some(images) = per_line {
            sheet = sheet.columns(images);
        }
        assert_sound(&sheet.to_svg());
    }
}

#[test]
fn a_million_steps_make_a_small_file() {
    let noisy: Vec<f64> = (0..1_000_000u64).map(|i| (i.wrapping_mul(2_654_435_761) % 1000) as f64).collect();
    let svg = Curves::new("Every step").line("mini-batch", &noisy).to_svg();
    assert_sound(&svg);
    assert!(svg.len() < 60_000, "{} bytes", svg.len());
}

#[test]
fn a_sheet_of_fifty_images_of_handwriting_stays_below_half_a_megabyte() {
    // A ring with soft edges, about as many greys and runs as a written zero.
    let ring = |i: usize| {
        let (y, x) = ((i / 28) as f32 - 13.5, (i % 28) as f32 - 13.5);
        1.0 - ((x * x + y * y).sqrt() - 8.0).abs() / 2.0
    };
    let pixels: Vec<f32> = (0..784).map(ring).collect();
    let sheet = (0..50).try_fold(ImageSheet::new(28, 28), |sheet, n| sheet.image(&pixels, format!("true {n}")));
    let svg = sheet.unwrap().to_svg();
    assert_sound(&svg);
    assert!(svg.len() < 500_000, "{} bytes", svg.len());
}

#[test]
fn a_small_chart_has_its_lines_marks_and_names_where_they_belong() {
    let svg = Curves::new("Digits").line("training", &[4.0, 2.0]).line("test", &[4.0, 3.0]).mark("best", 2.0).to_svg();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let y_of = |text: &str| -> f64 {
        let node = document.descendants().find(|node| node.has_tag_name("text") && node.text() == Some(text));
        node.and_then(|node| node.attribute("y")).unwrap_or_else(|| panic!("no {text:?}: {svg}")).parse().unwrap()
    };
    // The names stand in the order in which the lines end, the note above both, the axis below.
    assert!(y_of("best") < y_of("test") && y_of("test") < y_of("training") && y_of("training") < y_of("1"));
    let line = document.descendants().find(|node| node.attribute("class") == Some("s-series0")).unwrap();
    // By hand: the plot begins 24 + 6.9 (the label "2") + 8 from the left and 24 + 30 (title)
    // + 21 (note) from the top, and is 560 x 300; the data take it but for 1/27 at each side.
    assert_eq!(line.attribute("d"), Some("M59.67 86.11L578.19 363.89"));
}

#[test]
fn trails_lie_on_the_ground_and_grow_with_the_steps() {
    let bowl = |x: f64, y: f64| x * x + y * y;
    let positions = [[-1.5, 0.0], [1.5, 0.0], [0.0, 1.0]];
    let landscape = Landscape::new("", bowl, [-2.0, 2.0], [-2.0, 2.0]).unwrap();
    let surface = landscape.clone().surface(70.0, -60.0, [0.0, 8.0]).unwrap();
    let longest = |picture: &Landscape, step: usize| {
        let svg = picture.clone().trail(Trail::new("a", &positions)).frame_svg(step);
        let trails =
            svg.lines().filter(|line| line.contains("stroke-width=\"2.8\"") && line.contains("stroke-opacity"));
        trails.map(|line| line.matches('L').count()).max().unwrap_or(0)
    };
    // On a map a step is a straight line; across a bowl it goes down and up again.
    assert_eq!([0, 1, 2, 9].map(|step| longest(&landscape, step)), [0, 1, 2, 2]);
    assert!(longest(&surface, 1) > 30 && longest(&surface, 2) > longest(&surface, 1));
}

#[test]
fn what_cannot_be_a_landscape_is_refused() {
    let flat = |_: f64, _: f64| 0.0;
    for ends in [[1.0, 1.0], [1.0, 0.0], [f64::NAN, 1.0], [0.0, f64::INFINITY], [-f64::MAX, f64::MAX]] {
        assert!(
            Landscape::new("", flat, ends, [0.0, 1.0]).is_err() && Landscape::new("", flat, [0.0, 1.0], ends).is_err()
        );
        let landscape = Landscape::new("", flat, [0.0, 1.0], [0.0, 1.0]).unwrap();
        assert!(landscape.surface(45.0, 0.0, ends).is_err());
    }
    for (elevation, azimuth) in [(-1.0, 0.0), (91.0, 0.0), (f64::NAN, 0.0), (45.0, f64::INFINITY)] {
        let landscape = Landscape::new("", flat, [0.0, 1.0], [0.0, 1.0]).unwrap();
        assert!(landscape.surface(elevation, azimuth, [0.0, 1.0]).is_err());
    }
}
