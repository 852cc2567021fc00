//! DEFLATE by RFC 1951, bit by bit. The tests compare zlib with it.

/// The output of a stream, and how far back it refers.
#[derive(Debug, Default)]
pub struct Decoded {
    pub bytes: Vec<u8>,
    pub farthest: usize,
}

struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<usize> {
        let bit = self.bytes.get(self.at / 8)? >> (self.at % 8) & 1;
        self.at += 1;
        Some(usize::from(bit))
    }

    fn number(&mut self, bits: usize) -> Option<usize> {
        (0..bits).try_fold(0, |number, i| Some(number | self.bit()? << i))
    }
}

/// A Huffman code: the symbols of each length, in order.
struct Code(Vec<Vec<usize>>);

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let symbols = |len| (0..lengths.len()).filter(|&symbol| lengths[symbol] == len).collect();
        Self((1..16).map(symbols).collect())
    }

    fn symbol(&self, bits: &mut Bits) -> Option<usize> {
        let (mut code, mut first) = (0, 0);
        for symbols in &self.0 {
            code = code << 1 | bits.bit()?;
            first <<= 1;
            if code < first + symbols.len() {
                return symbols.get(code - first).copied();
            }
            first += symbols.len();
        }
        None
    }
}

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

fn dynamic_codes(bits: &mut Bits) -> Option<(Code, Code)> {
    let literals = bits.number(5)? + 257;
    let distances = bits.number(5)? + 1;
    let mut lengths = [0; 19];
    for &symbol in &ORDER[..bits.number(4)? + 4] {
        lengths[symbol] = bits.number(3)?;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (repeated, times) = match code.symbol(bits)? {
            16 => (*lengths.last()?, bits.number(2)? + 3),
            17 => (0, bits.number(3)? + 3),
            18 => (0, bits.number(7)? + 11),
            len => (len, 1),
        };
        lengths.extend(std::iter::repeat_n(repeated, times));
    }
    Some((Code::new(&lengths[..literals]), Code::new(&lengths[literals..])))
}

fn fixed_codes() -> (Code, Code) {
    let lengths: Vec<usize> = [(8, 144), (9, 112), (7, 24), (8, 8)]
        .into_iter()
        .flat_map(|(len, times)| std::iter::repeat_n(len, times))
        .collect();
    (Code::new(&lengths), Code::new(&[5; 30]))
}

/// Decodes the payload of one message after earlier ones. `None` if it is not whole.
pub fn decode(payload: &[u8], said: &[u8]) -> Option<Decoded> {
    let bytes = [payload, &super::TAIL].concat();
    let mut bits = Bits { bytes: &bytes, at: 0 };
    let mut all = said.to_vec();
    let mut farthest = 0;
    while bits.at < 8 * bytes.len() {
        let last = bits.bit()? == 1;
        let (literals, distances) = match bits.number(2)? {
            0 => {
                bits.at = bits.at.next_multiple_of(8);
                let len = bits.number(16)?;
                (bits.number(16)? == !len & 0xffff).then_some(())?;
                for _ in 0..len {
                    all.push(bits.number(8)? as u8);
                }
                continue;
            }
            1 => fixed_codes(),
            2 => dynamic_codes(&mut bits)?,
            _ => return None,
        };
        loop {
            let symbol = literals.symbol(&mut bits)?;
            if symbol < 256 {
                all.push(symbol as u8);
                continue;
            }
            if symbol == 256 {
                break;
            }
            // RFC 1951 §3.2.5: four lengths, or two distances, share each number of extra bits.
            let len = match symbol - 257 {
                short @ 0..8 => short + 3,
                28 => 258,
                n => ((4 + n % 4) << (n / 4 - 1)) + 3 + bits.number(n / 4 - 1)?,
            };
            let distance = match distances.symbol(&mut bits)? {
                short @ 0..4 => short + 1,
                n => ((2 + n % 2) << (n / 2 - 1)) + 1 + bits.number(n / 2 - 1)?,
            };
            farthest = farthest.max(distance);
            for _ in 0..len {
                all.push(all[all.len().checked_sub(distance)?]);
            }
        }
        if last {
            bits.at = bits.at.next_multiple_of(8);
        }
    }
    Some(Decoded { bytes: all.split_off(said.len()), farthest })
}
