//! What a client is told of a request that was not understood.

use crate::http::RequestError::{
    self, BadRequestLine, BadTrailer, BodyTooLong, Connect, DotSegment, EncodingInHttp10, HeadTooLong,
    LengthAndEncoding, MethodTooLong, NotChunkedLast, TargetTooLong, TooManyEmptyLines, TooManyFields,
    UnknownEncoding, UnknownExpectation, UnsupportedVersion,
};

#[test]
fn status_and_name() {
    for (error, status, name) in [
        (BadRequestLine, 400, "bad_request"),
        (LengthAndEncoding, 400, "bad_request"),
        (EncodingInHttp10, 400, "bad_request"),
        (NotChunkedLast, 400, "bad_request"),
        (BadTrailer, 400, "bad_request"),
        (DotSegment, 404, "not_found"),
        (BodyTooLong, 413, "body_too_large"),
        (TargetTooLong, 414, "target_too_long"),
        (UnknownExpectation, 417, "expectation_failed"),
        (TooManyFields, 431, "head_too_large"),
        (HeadTooLong, 431, "head_too_large"),
        (MethodTooLong, 501, "not_implemented"),
        (Connect, 501, "not_implemented"),
        (UnknownEncoding, 501, "not_implemented"),
        (UnsupportedVersion, 505, "version_not_supported"),
    ] {
        assert_eq!((error.status().as_u16(), error.name()), (status, name), "of {error:?}");
    }
}

#[test]
fn messages_name_the_limits() {
    let text = |error: RequestError| error.to_string();
    assert!(text(HeadTooLong).contains("32768"));
    assert!(text(TargetTooLong).contains("16384"));
    assert!(text(BodyTooLong).contains("1048576"));
    assert!(text(TooManyFields).contains("100"));
    assert!(text(TooManyEmptyLines).contains('4'));
}
