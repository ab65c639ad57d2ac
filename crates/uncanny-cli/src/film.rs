//! Moving pictures in and out, a frame at a time: GIF, APNG and WebP by ourselves, everything else through ffmpeg.

use std::fs::{self, File};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use uncanny_pack::Unfinished;
use uncanny_texture::input::{MAX_PICTURE_FILE, open_regular, read_regular};
use uncanny_texture::{
    AnimationReader, AnimationWriter, DecodeLimits, Frame, Loops, PictureFormat, RgbaImage,
};

use crate::error::Error;
use crate::{naming, output};

/// The endings that ffmpeg is asked to write.
const FILMS: [&str; 5] = ["mp4", "m4v", "mov", "mkv", "webm"];
/// What an output may end in.
pub(crate) const ENDINGS: &str = ".gif, .webp, .apng, .png, .mp4, .mov, .mkv or .webm";
/// Of what says no better: ten frames a second, as browsers show GIFs that say nothing.
const USUAL_DELAY: Duration = Duration::from_millis(100);

/// How an output is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// By us.
    Animation(PictureFormat),
    /// By ffmpeg.
    Film,
}

impl Container {
    /// What a name asks for.
    ///
    /// # Errors
    ///
    /// When it is nothing that can be written, or ffmpeg would be needed and is not there.
    pub(crate) fn of(path: &Path) -> Result<Container, Error> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let film = FILMS
            .iter()
            .any(|film| extension.eq_ignore_ascii_case(film));
        match PictureFormat::of_path(path) {
            Some(format) if format.writes() => Ok(Container::Animation(format)),
            None if film => {
                installed("ffmpeg", || format!("writing {}", path.display()))?;
                Ok(Container::Film)
            }
            _ => Err(Error::OutputFormat {
                path: path.to_owned(),
                known: ENDINGS,
            }),
        }
    }
}

/// What is known of a film before its frames are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct About {
    pub(crate) size: (u32, u32),
    /// How many frames there will be, if that is known.
    pub(crate) frames: Option<usize>,
    pub(crate) loops: Loops,
    /// Whether there is sound.
    pub(crate) sound: bool,
    /// Frames a second, where they come at an even pace.
    pub(crate) rate: Option<f64>,
}

/// Frames, one at a time.
pub(crate) struct FilmReader {
    pub(crate) about: About,
    path: PathBuf,
    source: Source,
}

enum Source {
    Animation(AnimationReader),
    Film(Tool),
}

impl FilmReader {
    /// Opens a GIF, APNG or WebP, or anything that ffmpeg reads. With `rate`, of so many frames a second.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or ffmpeg would be needed and is not there.
    pub(crate) fn open(path: &Path, rate: Option<f64>) -> Result<FilmReader, Error> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let mut start = [0; 16];
        open_regular(path)
            .and_then(|mut file| file.read(&mut start))
            .map_err(read)?;
        let known = PictureFormat::of_bytes(&start);
        let (about, source) = if known.is_some_and(PictureFormat::writes) {
            let bytes = read_regular(path, MAX_PICTURE_FILE).map_err(read)?;
            let limits = DecodeLimits::default();
            // Decoding is nothing beside what the network does, and a bar needs an end.
            let open = |bytes| AnimationReader::new(bytes, known, &limits).map_err(undecoded(path));
            let frames = open(bytes.clone())?.count();
            let reader = open(bytes)?;
            let about = About {
                size: reader.size(),
                frames: Some(frames),
                loops: reader.loops(),
                sound: false,
                rate: None,
            };
            (about, Source::Animation(reader))
        } else {
            let about = probe(path, rate)?;
            let rate = about.rate.unwrap_or(25.0);
            let limits = DecodeLimits::default();
            if !limits.allow(about.size) {
                return Err(uncanny_texture::Error::TooLarge {
                    width: about.size.0,
                    height: about.size.1,
                    max_side: limits.max_side,
                    max_pixels: limits.max_pixels,
                }
                .into());
            }
            let mut command = ffmpeg();
            command.arg("-i").arg(safe(path));
            command.args([
                "-map",
                "0:v:0",
                "-vf",
                &format!("fps={rate},scale={}:{}", about.size.0, about.size.1),
            ]);
            command.args(["-f", "rawvideo", "-pix_fmt", "rgba", "-"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            let tool = Tool::start(command, format!("read {}", path.display()))?;
            (about, Source::Film(tool))
        };
        Ok(FilmReader {
            about,
            path: path.to_owned(),
            source,
        })
    }

    /// The next frame; `None` after the last.
    ///
    /// # Errors
    ///
    /// When it is broken.
    pub(crate) fn next(&mut self) -> Result<Option<Frame>, Error> {
        match &mut self.source {
            Source::Animation(reader) => {
                let frame = reader.next().transpose();
                let Some(mut frame) = frame.map_err(undecoded(&self.path))? else {
                    return Ok(None);
                };
                if frame.delay.is_zero() {
                    frame.delay = USUAL_DELAY;
                }
                Ok(Some(frame))
            }
            Source::Film(tool) => {
                let (width, height) = self.about.size;
                let mut pixels = vec![0; width as usize * height as usize * 4];
                let pipe = tool.child.stdout.as_mut().expect("it is piped");
                let mut filled = 0;
                while filled < pixels.len() {
                    match pipe.read(&mut pixels[filled..]) {
                        Ok(0) => break,
                        Ok(read) => filled += read,
                        Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                        Err(source) => {
                            return Err(Error::Read {
                                path: self.path.clone(),
                                source,
                            });
                        }
                    }
                }
                if filled < pixels.len() {
                    tool.end()?;
                    return Ok(None);
                }
                let image = RgbaImage::from_raw(width, height, pixels);
                let rate = self.about.rate.unwrap_or(25.0);
                Ok(Some(Frame {
                    image: image.expect("the buffer was made for it"),
                    delay: Duration::from_secs_f64(1.0 / rate),
                }))
            }
        }
    }
}

/// Why a picture cannot be had, with its name.
fn undecoded(path: &Path) -> impl Fn(uncanny_texture::Error) -> Error {
    |source| Error::Decode {
        path: path.to_owned(),
        source,
    }
}

/// A film on its way to disk, which appears when it is whole.
pub(crate) enum FilmWriter {
    Animation {
        path: PathBuf,
        writer: Box<AnimationWriter<BufWriter<File>>>,
        unfinished: Unfinished,
    },
    Film {
        path: PathBuf,
        tool: Tool,
        unfinished: Unfinished,
        pipe: Option<BufWriter<ChildStdin>>,
        rate: f64,
        /// How long the frames so far are to be seen, and how many were written for that.
        due: Duration,
        written: u64,
    },
}

impl FilmWriter {
    /// Begins one. `rate` is the frames a second of what cannot have frames of different lengths; `sound` is a film
    /// whose sound is kept.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn begin(
        path: &Path,
        container: Container,
        size: (u32, u32),
        loops: Loops,
        rate: f64,
        sound: Option<&Path>,
    ) -> Result<FilmWriter, Error> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let folder = naming::folder_of(path);
        fs::create_dir_all(&folder).map_err(|source| Error::CreateFolder {
            path: folder,
            source,
        })?;
        let unfinished = output::unfinished(path).map_err(failed)?;
        let format = match container {
            Container::Animation(format) => format,
            Container::Film => {
                let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
                let mut command = ffmpeg();
                command.args(["-y", "-f", "rawvideo", "-pix_fmt", "rgba"]);
                command.args([
                    "-s",
                    &format!("{}x{}", size.0, size.1),
                    "-r",
                    &rate.to_string(),
                ]);
                command.args(["-i", "-"]);
                if let Some(sound) = sound {
                    command.arg("-i").arg(safe(sound));
                    command.args(["-map", "0:v", "-map", "1:a?"]);
                }
                let (video, audio, muxer) = match extension.to_str() {
                    Some("webm") => ("libvpx-vp9", "libopus", "webm"),
                    Some("mkv") => ("libx264", "copy", "matroska"),
                    Some("mov") => ("libx264", "aac", "mov"),
                    _ => ("libx264", "aac", "mp4"),
                };
                command.args(["-c:v", video, "-crf", "18", "-c:a", audio]);
                if video == "libvpx-vp9" {
                    command.args(["-b:v", "0"]);
                }
                // Half of the colour is what every player can show, and wants even sides.
                command.args([
                    "-vf",
                    "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                    "-pix_fmt",
                    "yuv420p",
                ]);
                command.args(["-fflags", "+bitexact", "-f", muxer]);
                command.arg(safe(&unfinished.path()));
                command.stdin(Stdio::piped()).stdout(Stdio::null());
                let mut tool = Tool::start(command, format!("write {}", path.display()))?;
                let pipe = tool.child.stdin.take().map(BufWriter::new);
                return Ok(FilmWriter::Film {
                    path: path.to_owned(),
                    tool,
                    unfinished,
                    pipe,
                    rate,
                    due: Duration::ZERO,
                    written: 0,
                });
            }
        };
        let file = File::create_new(unfinished.path()).map_err(failed)?;
        let writer = AnimationWriter::new(BufWriter::new(file), format, size, loops)?;
        Ok(FilmWriter::Animation {
            path: path.to_owned(),
            writer: Box::new(writer),
            unfinished,
        })
    }

    /// Adds a frame. A film has no transparency: what is not seen is black.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn add(&mut self, image: &RgbaImage, delay: Duration) -> Result<(), Error> {
        match self {
            FilmWriter::Animation { writer, .. } => Ok(writer.frame(image, delay)?),
            FilmWriter::Film {
                tool,
                pipe,
                rate,
                due,
                written,
                ..
            } => {
                *due += delay;
                let upto = (due.as_secs_f64() * *rate).round() as u64;
                let mut flat = image.clone();
                for pixel in flat.pixels_mut() {
                    let alpha = u32::from(pixel.0[3]);
                    for value in &mut pixel.0[..3] {
                        *value = ((u32::from(*value) * alpha + 127) / 255) as u8;
                    }
                    pixel.0[3] = 255;
                }
                let pipe = pipe.as_mut().expect("it is taken at the end");
                for _ in *written..upto {
                    if pipe.write_all(flat.as_raw()).is_err() {
                        // It says best itself why it listens no more.
                        return Err(tool
                            .end()
                            .err()
                            .unwrap_or_else(|| tool.failed("it stopped early")));
                    }
                }
                *written = (*written).max(upto);
                Ok(())
            }
        }
    }

    /// Puts the file into its place.
    ///
    /// # Errors
    ///
    /// When it could not be written.
    pub(crate) fn end(self) -> Result<(), Error> {
        match self {
            FilmWriter::Animation {
                path,
                writer,
                unfinished,
            } => {
                let failed = |source| Error::Write {
                    path: path.clone(),
                    source,
                };
                let file = writer.finish()?.into_inner();
                drop(file.map_err(|error| failed(error.into_error()))?);
                unfinished.put().map_err(failed)
            }
            FilmWriter::Film {
                path,
                mut tool,
                unfinished,
                pipe,
                ..
            } => {
                if let Some(mut pipe) = pipe
                    && pipe.flush().is_err()
                {
                    return Err(tool
                        .end()
                        .err()
                        .unwrap_or_else(|| tool.failed("it stopped early")));
                }
                tool.end()?;
                unfinished
                    .put()
                    .map_err(|source| Error::Write { path, source })
            }
        }
    }
}

/// ffmpeg at work. It is stopped when it is dropped.
pub(crate) struct Tool {
    child: Child,
    doing: String,
    /// What it complains of.
    said: File,
}

impl Tool {
    fn start(mut command: Command, doing: String) -> Result<Tool, Error> {
        let failed = |source: std::io::Error| Error::Program {
            program: "ffmpeg",
            doing: doing.clone(),
            said: source.to_string(),
        };
        // A file and no pipe: nobody reads it meanwhile.
        let said = tempfile::tempfile().map_err(failed)?;
        command.stderr(said.try_clone().map_err(failed)?);
        // Ctrl-C is ours to handle: what is half written goes with the temporary file.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(failed)?;
        Ok(Tool { child, doing, said })
    }

    /// Waits for it.
    fn end(&mut self) -> Result<(), Error> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let mut text = String::new();
                let read = self.said.seek(SeekFrom::Start(0));
                if read
                    .and_then(|_| self.said.read_to_string(&mut text))
                    .is_err()
                    || text.trim().is_empty()
                {
                    text = status.to_string();
                }
                Err(self.failed(text.trim()))
            }
            Err(error) => Err(self.failed(&error.to_string())),
        }
    }

    fn failed(&self, said: &str) -> Error {
        // The last lines say what it stumbled over.
        let lines: Vec<&str> = said.lines().rev().take(3).collect();
        Error::Program {
            program: "ffmpeg",
            doing: self.doing.clone(),
            said: lines.into_iter().rev().collect::<Vec<_>>().join("; "),
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin"]);
    command
}

/// A path that cannot be taken for an option or a protocol.
fn safe(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn installed(program: &'static str, what: impl FnOnce() -> String) -> Result<(), Error> {
    let mut command = Command::new(program);
    command
        .arg("-version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Error::NoProgram {
            what: what(),
            program,
        }),
    }
}

/// Asks ffprobe.
fn probe(path: &Path, rate: Option<f64>) -> Result<About, Error> {
    installed("ffprobe", || format!("reading {}", path.display()))?;
    installed("ffmpeg", || format!("reading {}", path.display()))?;
    let failed = |said: String| Error::Program {
        program: "ffprobe",
        doing: format!("read {}", path.display()),
        said,
    };
    let asked = "format=duration:stream=codec_type,width,height,avg_frame_rate,duration,nb_frames:stream_side_data=rotation";
    let told = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_entries", asked])
        .arg(safe(path))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !told.status.success() {
        let said = String::from_utf8_lossy(&told.stderr);
        return Err(failed(
            said.lines().last().unwrap_or("it gave up").to_owned(),
        ));
    }
    about(&told.stdout, rate).ok_or_else(|| failed("there is no picture in it".to_owned()))
}

/// What ffprobe's JSON says.
fn about(json: &[u8], rate: Option<f64>) -> Option<About> {
    let told: serde_json::Value = serde_json::from_slice(json).ok()?;
    let streams = told["streams"].as_array()?;
    let of_type = |kind: &str| streams.iter().find(|stream| stream["codec_type"] == kind);
    let video = of_type("video")?;
    let side = |name: &str| u32::try_from(video[name].as_u64()?).ok();
    let mut size = (side("width")?, side("height")?);
    // ffmpeg turns pictures upright by itself.
    let turned = video["side_data_list"].as_array().is_some_and(|list| {
        let turn = list.iter().find_map(|data| data["rotation"].as_i64());
        turn.is_some_and(|turn| turn % 180 != 0)
    });
    if turned {
        size = (size.1, size.0);
    }
    let (over, under) = video["avg_frame_rate"].as_str()?.split_once('/')?;
    let own = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    let own = Some(own).filter(|rate| rate.is_finite() && *rate > 0.0 && *rate <= 240.0);
    let rate = rate.or(own).unwrap_or(25.0);
    let number = |value: &serde_json::Value| value.as_str()?.parse::<f64>().ok();
    let seconds = number(&video["duration"]).or_else(|| number(&told["format"]["duration"]));
    Some(About {
        size,
        frames: seconds.map(|seconds| (seconds * rate).round() as usize),
        loops: Loops::Forever,
        sound: of_type("audio").is_some(),
        rate: Some(rate),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffprobe_is_understood() {
        let json = br#"{"streams": [
            {"codec_type": "audio", "avg_frame_rate": "0/0"},
            {"codec_type": "video", "width": 640, "height": 360, "avg_frame_rate": "30000/1001",
             "duration": "2.002", "side_data_list": [{"rotation": -90}]}]}"#;
        let found = about(json, None).unwrap();
        assert_eq!(
            (found.size, found.frames, found.sound),
            ((360, 640), Some(60), true)
        );
        assert_eq!(about(json, Some(10.0)).unwrap().frames, Some(20));
        assert_eq!(about(br#"{"streams": []}"#, None), None);
    }

    #[test]
    fn names_say_how_to_write() {
        for (name, format) in [
            ("a.GIF", PictureFormat::Gif),
            ("a.apng", PictureFormat::Png),
        ] {
            let found = Container::of(Path::new(name)).unwrap();
            assert_eq!(found, Container::Animation(format));
        }
        for name in ["a.jpg", "a.txt", "a"] {
            let refused = Container::of(Path::new(name));
            assert!(matches!(refused, Err(Error::OutputFormat { .. })), "{name}");
        }
    }
}
