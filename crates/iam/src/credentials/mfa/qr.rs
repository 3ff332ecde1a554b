//! The picture that an authenticator app scans: a QR code as PNG.

use png::{BitDepth, ColorType, Encoder};
use qrcode::{Color, QrCode};

/// Pixels of a module's side.
const MODULE_PIXELS: usize = 4;

/// Light modules around the code (ISO/IEC 18004, section 9.1).
const QUIET_MODULES: usize = 4;

/// A picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The text is longer than a QR code holds.
    #[error("the text does not fit a QR code")]
    Text(#[from] qrcode::types::QrError),
    /// The picture could not be written down.
    #[error("the picture cannot be encoded")]
    Picture(#[from] png::EncodingError),
}

/// `text` as a QR code in a PNG of one bit per pixel.
///
/// # Errors
/// [`Error::Text`] past 2,331 bytes.
pub(super) fn png(text: &str) -> Result<Vec<u8>, Error> {
    let code = QrCode::new(text)?;
    let side = (code.width() + 2 * QUIET_MODULES) * MODULE_PIXELS;
    let rows: Vec<u8> = (0..side).flat_map(|y| row(&code, side, y)).collect();
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut picture = Vec::new();
    let mut encoder = Encoder::new(&mut picture, side, side);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows)?;
    writer.finish()?;
    Ok(picture)
}

/// One row of pixels, eight to a byte; a light one is a set bit.
fn row(code: &QrCode, side: usize, y: usize) -> Vec<u8> {
    let mut row = vec![0; side.div_ceil(8)];
    for x in (0..side).filter(|x| !is_dark(code, *x, y)) {
        row[x / 8] |= 0x80 >> (x % 8);
    }
    row
}

fn is_dark(code: &QrCode, x: usize, y: usize) -> bool {
    let module = |pixel: usize| (pixel / MODULE_PIXELS).checked_sub(QUIET_MODULES);
    let (Some(x), Some(y)) = (module(x), module(y)) else { return false };
    x < code.width() && y < code.width() && code[(x, y)] == Color::Dark
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another decoder reads from the picture.
    fn read(picture: &[u8]) -> String {
        let decoder = png::Decoder::new(std::io::Cursor::new(picture));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (side, line) = (info.width as usize, info.line_size);
        assert_eq!((info.width, info.bit_depth), (info.height, BitDepth::One));
        let light = |x: usize, y: usize| pixels[y * line + x / 8] & (0x80 >> (x % 8)) != 0;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if light(x, y) { 255 } else { 0 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn another_decoder_reads_it() {
        for text in ["a", "otpauth://totp/phone@123456789012?secret=MZXW6YTBOI", &"x".repeat(600)] {
            assert_eq!(read(&png(text).unwrap()), text);
        }
    }

    #[test]
    fn too_long_a_text_is_refused() {
        assert!(matches!(png(&"é".repeat(2_000)), Err(Error::Text(_))));
    }
}
