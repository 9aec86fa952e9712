//! How a file is replaced so that a kill at any moment leaves the old one or the new one whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Writes a file, or replaces it: whoever opens it at any moment, even after a crash, finds the old content or the new.
///
/// The bytes go to a hidden file beside it (`.name.tmp`), reach the disk, and take its name. What a killed program left
/// in the hidden file is overwritten by the next one. A symbolic link stays one: the file that it points to is replaced.
///
/// ```
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("log.csv");
/// train::write_file(&path, b"epoch,loss\n")?;
/// assert_eq!(std::fs::read(&path)?, b"epoch,loss\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::File`] if the file or its directory cannot be written, if the file is read-only, or if another program is
/// just writing it. The file is as it was then.
pub fn write_file(path: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Error> {
    replace(path.as_ref(), |file| file.write_all(bytes))
}

/// As [`write_file`], with the bytes that `write` produces; when it fails, the file is as it was.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let replace = || {
        let draft = Draft::open(path)?;
        let mut buffer = BufWriter::new(&draft.file);
        write(&mut buffer)?;
        buffer.flush()?;
        drop(buffer);
        draft.publish()
    };
    replace().map_err(Error::file("write", path))
}

/// Whether [`replace`] can be expected to succeed: a run asks before its first step, not after its first epoch.
pub(crate) fn probe(path: &Path) -> Result<(), Error> {
    Draft::open(path).map(drop).map_err(Error::file("write", path))
}

const ATTEMPTS: usize = 100;

/// The hidden file that is going to be the file, locked. Removed if it does not come to that.
struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Draft {
    fn open(path: &Path) -> io::Result<Self> {
        let target = resolve(path)?;
        let old = match fs::metadata(&target) {
            Ok(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            Ok(old) if old.permissions().readonly() => return Err(io::ErrorKind::PermissionDenied.into()),
            Ok(old) => Some(old),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, path) = lock(hidden_sibling(&target)?)?;
        let draft = Self { file, path, target, published: false };
        draft.file.set_len(0)?;
        if let Some(old) = old {
            draft.file.set_permissions(old.permissions())?;
        }
        Ok(draft)
    }

    fn publish(mut self) -> io::Result<()> {
        // The content must be on the disk before the name points to it, and the name before the caller goes on.
        self.file.sync_all()?;
        fs::rename(&self.path, &self.target)?;
        self.published = true;
        sync_directory(&self.target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // Nothing is lost if this fails: the next writer overwrites it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens the hidden file for this program alone. Two writers of one file would otherwise publish a mixture.
fn lock(path: PathBuf) -> io::Result<(File, PathBuf)> {
    // Each turn but the last means that another writer finished in between; a link under that name never comes right.
    for _ in 0..ATTEMPTS {
        // Truncated only once it is locked: until then it may be another program's.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another program is writing it"));
            }
            // Some network file systems have no locks; there, one writer is the caller's business.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        // Between opening and locking, the program that held it may have given it its final name.
        if names(&path, &file)? {
            return Ok((file, path));
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, format!("{} cannot be had for this program alone", path.display())))
}

#[cfg(unix)]
fn names(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn names(_path: &Path, _file: &File) -> io::Result<bool> {
    Ok(true)
}

#[cfg(unix)]
fn sync_directory(target: &Path) -> io::Result<()> {
    File::open(directory(target))?.sync_all()
}

/// Elsewhere a directory cannot be opened as a file; renaming is durable enough there.
#[cfg(not(unix))]
fn sync_directory(_target: &Path) -> io::Result<()> {
    Ok(())
}

fn directory(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file behind symbolic links.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

fn hidden_sibling(target: &Path) -> io::Result<PathBuf> {
    let name = target.file_name().ok_or(io::Error::new(io::ErrorKind::InvalidInput, "it is no file name"))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".tmp");
    Ok(directory(target).join(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a directory, sorted.
    fn names_in(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_writer_that_fails_at_any_byte_leaves_the_old_file_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_file(&path, b"the old content").unwrap();
        let new = b"a rather longer new content";
        for written in 0..=new.len() {
            let error = replace(&path, |file| {
                file.write_all(&new[..written])?;
                Err(io::Error::new(io::ErrorKind::StorageFull, "disk full"))
            })
            .unwrap_err();
            assert_eq!(error.to_string(), format!("cannot write {path:?}: disk full"));
            assert_eq!(fs::read(&path).unwrap(), b"the old content");
            assert_eq!(names_in(directory.path()), ["file"]);
        }
    }

    #[test]
    fn what_a_killed_writer_left_is_in_nobodys_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        write_file(&path, b"old").unwrap();
        let new = b"new content";
        for written in 0..=new.len() {
            // A kill leaves a prefix of the new content, or the longer one of an earlier program, under the hidden name.
            fs::write(directory.path().join(".file.tmp"), &new[..written]).unwrap();
            assert_ne!(fs::read(&path).unwrap(), b"");
            write_file(&path, b"short").unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"short");
            assert_eq!(names_in(directory.path()), ["file"]);
        }
    }

    #[test]
    fn two_writers_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        replace(&path, |file| {
            file.write_all(b"first")?;
            let second = write_file(&path, b"second").unwrap_err();
            assert_eq!(second.to_string(), format!("cannot write {path:?}: another program is writing it"));
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }

    #[test]
    fn writers_at_the_same_time_leave_one_whole_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..50 {
                        let _ = write_file(path, &vec![writer; 10_000]);
                    }
                });
            }
        });
        let content = fs::read(&path).unwrap();
        assert_eq!(content.len(), 10_000);
        assert!(content.iter().all(|&byte| byte == content[0]));
        assert_eq!(names_in(directory.path()), ["file"]);
    }

    #[test]
    fn what_cannot_be_written_is_refused_and_kept() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |path: &Path| {
            let probed = probe(path).unwrap_err().to_string();
            assert_eq!(write_file(path, b"new").unwrap_err().to_string(), probed);
            probed
        };
        let read_only = directory.path().join("read-only");
        fs::write(&read_only, b"old").unwrap();
        let mut permissions = fs::metadata(&read_only).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&read_only, permissions).unwrap();
        assert_eq!(refused(&read_only), format!("cannot write {read_only:?}: permission denied"));
        assert_eq!(fs::read(&read_only).unwrap(), b"old");

        assert!(refused(directory.path()).ends_with(": is a directory"));
        assert!(refused(&directory.path().join("absent").join("file")).starts_with("cannot write"));
        assert!(refused(Path::new("..")).starts_with("cannot write"));
        assert!(refused(Path::new("")).ends_with(": it is no file name"));
        assert_eq!(names_in(directory.path()), ["read-only"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, b"old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("file", &link).unwrap();
        write_file(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

        // A link under the hidden name must not make the writer empty the file that it points to.
        let other = directory.path().join("other");
        fs::write(&other, b"precious").unwrap();
        symlink("other", directory.path().join(".file.tmp")).unwrap();
        let error = write_file(&file, b"newer").unwrap_err().to_string();
        assert!(error.ends_with("cannot be had for this program alone"), "{error}");
        assert_eq!(fs::read(&other).unwrap(), b"precious");
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
