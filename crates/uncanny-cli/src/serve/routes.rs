//! What can be asked for: the page and its files, a picture made small, a small picture enhanced, the same as a file.
//! Nothing that arrives is ever written anywhere.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use uncanny::picture::{self, Resample};
use uncanny_texture::{AnimationReader, DecodeLimits, Error, RgbaImage, encode};

use super::listen::Patience;
use super::queue::{Job, News, Queue};
use super::refusal::Refusal;
use super::settings::{MAX_ITERATIONS, SIDE, Settings};
use super::{Model, assets, door, save};

/// An upload's bytes.
const UPLOAD: usize = 8 << 20;
/// The bytes of anything else.
const REQUEST: usize = 8 << 10;
/// An upload's pixels, checked before there is room made for them.
const LIMITS: DecodeLimits = DecodeLimits {
    max_pixels: 24 << 20,
    max_side: 8192,
};
/// So many uploads are held at once, arriving or arrived.
const UPLOADS: usize = 8;
/// So many are decoded at once.
const DECODED: usize = 2;

/// What every request may use.
#[derive(Debug)]
pub(crate) struct Desk {
    queue: Arc<Queue>,
    /// The models that the page offers; others cannot be asked for.
    models: Vec<Model>,
    /// The one that it begins with.
    first: String,
    patience: Patience,
    uploads: Semaphore,
    decoders: Arc<Semaphore>,
}

impl Desk {
    pub(crate) fn new(
        queue: Arc<Queue>,
        models: Vec<Model>,
        first: String,
        patience: Patience,
    ) -> Self {
        Self {
            queue,
            models,
            first,
            patience,
            uploads: Semaphore::new(UPLOADS),
            decoders: Arc::new(Semaphore::new(DECODED)),
        }
    }
}

/// Every address, behind the door.
pub(crate) fn router(desk: Arc<Desk>) -> Router {
    let mut router = Router::new()
        .route("/api/about", get(about))
        .route("/api/fit", post(fit))
        .route("/api/enhance", post(enhance))
        .route("/api/save", post(save_all));
    for asset in assets::all() {
        router = router.route(asset.path, get(async move || asset));
    }
    let nothing = async || Refusal::new(StatusCode::NOT_FOUND, "there is nothing here");
    let otherwise = async || Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "not like this");
    router
        .fallback(nothing)
        .method_not_allowed_fallback(otherwise)
        .with_state(desk)
        .layer(middleware::from_fn(door::guard))
}

/// What the page must know before anything is drawn on it.
async fn about(State(desk): State<Arc<Desk>>) -> Response {
    Json(serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "models": desk.models,
        "model": desk.first,
        "iterations": MAX_ITERATIONS,
        "upload": UPLOAD,
    }))
    .into_response()
}

/// How a picture is made small.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct By {
    #[serde(default)]
    resample: Resample,
}

/// Any picture in, of what moves the first frame; 16x16 pixels out, as 1024 bytes of straight RGBA.
async fn fit(
    State(desk): State<Arc<Desk>>,
    by: Result<Query<By>, QueryRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Query(By { resample }) = by.map_err(|error| Refusal::bad(error.body_text()))?;
    let _place = desk.uploads.try_acquire().map_err(|_| Refusal::busy())?;
    let bytes = body(&desk, request, UPLOAD).await?;
    let decoder = Arc::clone(&desk.decoders);
    let decoder = decoder.acquire_owned().await.map_err(|_| Refusal::busy())?;
    let small = apart(move || {
        let _decoder = decoder;
        let picture = first_frame(bytes).map_err(|error| Refusal::unreadable(&error))?;
        Ok(picture::fit(&picture, resample, SIDE).into_raw())
    })
    .await?;
    Ok(typed("application/octet-stream", Body::from(small)))
}

/// [`Settings`] in; a line of JSON for each iteration as soon as it is there, and one that says how it ended.
async fn enhance(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refusal> {
    let (picture, settings) = read(&desk, request).await?;
    let (job, news) = Job::new(picture, settings);
    desk.queue.put(job)?;
    let lines = stream::unfold(Some(news), async |news| {
        let mut news = news?;
        let heard = news.recv().await?;
        let line = line(&heard);
        let more = matches!(heard, News::Iteration(..)).then_some(news);
        Some((line, more))
    });
    Ok(typed("application/x-ndjson", Body::from_stream(lines)))
}

/// As `enhance`, but all of it in one file.
async fn save_all(State(desk): State<Arc<Desk>>, request: Request) -> Result<Response, Refusal> {
    let (picture, settings) = read(&desk, request).await?;
    let format = settings.format;
    let (job, mut news) = Job::new(picture.clone(), settings);
    desk.queue.put(job)?;
    let mut iterations = Vec::new();
    loop {
        match news.recv().await {
            Some(News::Iteration(_, made)) => iterations.push(made),
            Some(News::Done) => break,
            Some(News::Failed(why)) => return Err(Refusal::failed(why)),
            Some(News::Superseded) | None => return Err(Refusal::busy()),
        }
    }
    let saved = apart(move || {
        save::save(format, picture, iterations).map_err(|error| Refusal::failed(error.to_string()))
    });
    let (kind, bytes) = saved.await?;
    Ok(typed(kind, Body::from(bytes)))
}

fn typed(kind: &'static str, body: Body) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

/// A picture and its settings, if they make sense.
async fn read(desk: &Desk, request: Request) -> Result<(RgbaImage, Settings), Refusal> {
    // A page of another site can send plain text anywhere, but not this.
    let kind = request.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != "application/json") {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send application/json",
        ));
    }
    let json = body(desk, request, REQUEST).await?;
    Settings::read(&json, &desk.models).map_err(Refusal::bad)
}

/// The body of a request, if it comes in time and is not too large.
async fn body(desk: &Desk, request: Request, limit: usize) -> Result<Bytes, Refusal> {
    match timeout(desk.patience.body, to_bytes(request.into_body(), limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("at most {limit} bytes are taken"),
        )),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "that took too long to arrive",
        )),
    }
}

/// Work for the processor, apart from the threads that talk.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Refusal::failed("that picture cannot be worked on")))
}

fn first_frame(bytes: Bytes) -> Result<RgbaImage, Error> {
    AnimationReader::new(bytes.into(), None, &LIMITS)?.first_frame()
}

/// One line of what `enhance` answers.
fn line(news: &News) -> Result<String, Error> {
    let said = match news {
        News::Iteration(number, image) => {
            serde_json::json!({ "iteration": number, "png": BASE64.encode(encode(image)?) })
        }
        News::Done => serde_json::json!({ "end": "done" }),
        News::Superseded => serde_json::json!({ "end": "superseded" }),
        News::Failed(why) => serde_json::json!({ "end": "failed", "error": why }),
    };
    Ok(format!("{said}\n"))
}
