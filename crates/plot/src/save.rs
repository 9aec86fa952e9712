//! How does a picture reach the disk without ever harming the one that is already there?

use crate::PlotError;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes the picture under `path`, all of it or none: missing directories are made, the text goes
/// to a temporary file in the same directory, and only a complete file takes the name.
pub(crate) fn save(path: &Path, svg: &str) -> Result<(), PlotError> {
    if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg")) {
        return Err(PlotError::NotSvg { path: path.into() });
    }
    replace(path, |file| file.write_all(svg.as_bytes()))
}

/// As [`save`], for a film.
#[cfg(feature = "gif")]
pub(crate) fn save_gif(path: &Path, film: &[u8]) -> Result<(), PlotError> {
    if !path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gif")) {
        return Err(PlotError::NotGif { path: path.into() });
    }
    replace(path, |file| file.write_all(film))
}

fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), PlotError> {
    let failed = |action| move |source| PlotError::Save { path: path.into(), action, source };
    // The parent of a bare file name is the empty path, which no directory call accepts.
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(directory).map_err(failed("making its directory"))?;

    let mut builder = tempfile::Builder::new();
    builder.prefix(".plot-").suffix(".tmp");
    // A temporary file is private by default, but a picture is for everyone whom the umask lets in.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));

    let in_temporary = "writing a temporary file beside it";
    let mut temporary = builder.tempfile_in(directory).map_err(failed(in_temporary))?;
    write(temporary.as_file_mut()).map_err(failed(in_temporary))?;
    // Without this, a crash after the rename can leave the name on an empty file.
    temporary.as_file().sync_all().map_err(failed(in_temporary))?;
    temporary.persist(path).map_err(|e| failed("putting the finished file in its place")(e.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(directory: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn missing_directories_are_made_and_an_old_picture_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/loss.svg");
        save(&path, "old").unwrap();
        save(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names_in(path.parent().unwrap()), ["loss.svg"]);
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_picture_and_no_litter() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("loss.svg");
        save(&path, "old").unwrap();
        let error = replace(&path, |file| {
            file.write_all(b"<svg")?;
            Err(io::Error::other("disk full"))
        })
        .unwrap_err();
        assert!(error.to_string().ends_with("loss.svg: writing a temporary file beside it: disk full"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names_in(home.path()), ["loss.svg"]);
    }

    #[test]
    fn a_directory_in_the_way_is_reported_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("loss.svg");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), "precious").unwrap();
        let error = save(&path, "new").unwrap_err().to_string();
        let start = format!("cannot save {}: putting the finished file in its place: ", path.display());
        assert!(error.starts_with(&start), "{error}");
        assert_eq!(fs::read_to_string(path.join("inside")).unwrap(), "precious");
        assert_eq!(names_in(home.path()), ["loss.svg"]);
    }

    #[test]
    fn a_file_where_a_directory_should_be_is_reported_and_left_alone() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("a"), "precious").unwrap();
        let path = home.path().join("a/loss.svg");
        let error = save(&path, "new").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot save {}: making its directory: ", path.display())), "{error}");
        assert_eq!(fs::read_to_string(home.path().join("a")).unwrap(), "precious");
    }

    #[cfg(unix)]
    #[test]
    fn a_read_only_directory_keeps_its_picture() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("loss.svg");
        save(&path, "old").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o555)).unwrap();
        // The superuser may write anywhere: for it this directory is not read-only, and the save
        // simply works.
        let superuser = File::create(home.path().join("probe")).is_ok();
        let outcome = save(&path, "new");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        if superuser {
            assert!(outcome.is_ok() && text == "new");
        } else {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains("loss.svg: writing a temporary file beside it: "), "{error}");
            assert_eq!(text, "old");
        }
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_the_picture_as_they_may_read_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(home.path().join(name)).unwrap().permissions().mode();
        fs::write(home.path().join("ordinary"), "").unwrap();
        save(&home.path().join("loss.svg"), "").unwrap();
        assert_eq!(mode("loss.svg"), mode("ordinary"));
    }

    #[cfg(feature = "gif")]
    #[test]
    fn films_have_their_own_ending() {
        let home = tempfile::tempdir().unwrap();
        save_gif(&home.path().join("race.GIF"), b"GIF89a").unwrap();
        assert!(matches!(save_gif(Path::new("race.svg"), b"").unwrap_err(), PlotError::NotGif { .. }));
        assert_eq!(names_in(home.path()), ["race.GIF"]);
    }

    #[test]
    fn only_svg_names_are_accepted() {
        for name in ["loss.png", "loss", ".svg"] {
            let error = save(Path::new(name), "").unwrap_err();
            assert!(matches!(error, PlotError::NotSvg { .. }), "{name}");
        }
    }
}
